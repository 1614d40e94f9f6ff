// The beginning of a connection: a transport around a socket, or around what was accepted.
#include <netinet/tcp.h>
#include <unistd.h>

#include "bindings/core/current_task.h"
#include "bindings/core/work.h"
#include "bindings/objects/future.h"
#include "bindings/py/args.h"
#include "bindings/py/call.h"
#include "bindings/transports/stream.h"
#include "bindings/transports/stream_call.h"

namespace phaseloop {
namespace stream {
namespace {

StreamTransport& of(Runnable& work) noexcept {
  return static_cast<StreamTransport&>(static_cast<StartWork&>(work));
}

constexpr long long kHighWater = 64 * 1024;

// Small writes are not held back.
void set_no_delay(int fd, int family) noexcept {
  if (family != AF_INET && family != AF_INET6) return;
  const int on = 1;
  static_cast<void>(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
}

int attach(StreamTransport& stream, PyObject* server) noexcept {
  if (server == nullptr || server == Py_None) return 0;
  State& state = state_of(stream);
  stream.server = py::borrow(server);
  PyObject* name = state.names._attach.get();
  return (state.server_attaches_transports.get() == Py_True
              ? py::call_method(server, name, object_of(stream))
              : py::call_method(server, name))
             ? 0
             : -1;
}

int finish_waiter(State& state, PyObject* waiter) noexcept {
  if (is_native_future(state, Py_TYPE(waiter))) {
    FutureData& future = future_data(waiter);
    if (future.state.done()) return 0;
    return finish_with_result(future, py::none());
  }
  return py::call(state.set_result_unless_cancelled.get(), waiter, Py_None) ? 0 : -1;
}

// In the context the transport was made in: each of the three is a callback of its own in asyncio.
void connect(StreamTransport& stream) noexcept {
  LoopData& data = *stream.data;
  Ref<> read_context = stream.read_context.share();
  Ref<> made_context = stream.given_context ? stream.given_context.share()
                                            : py::steal(PyContext_Copy(read_context.get()));
  Ref<> protocol = protocol_of(stream);
  PyObject* name = data.state.names.connection_made.get();
  if (!protocol) {
    callback_error(data, object_of(stream));
  } else if (made_context && PyContext_Enter(made_context.get()) == 0) {
    if (!py::call_method(protocol.get(), name, object_of(stream))) {
      Ref<> error = py::fetch_error();
      Ref<> method = py::attribute(protocol.get(), name);
      if (!method) py::ignore_error();
      py::restore_error(std::move(error));
      callback_error(data, method ? method.get() : protocol.get(), object_of(stream));
    }
    if (PyContext_Exit(made_context.get()) < 0) py::write_unraisable(made_context.get());
  } else {
    callback_error(data, protocol.get());
  }
  if (stream.data != nullptr && stream.paused && data.state.start_heeds_pause.get() == Py_False) {
    stream.reads_though_paused = true;
  }
  const bool paused = stream.paused && !stream.reads_though_paused;
  if (stream.data != nullptr && !stream.closing && !paused &&
      start_reading(stream, std::move(read_context)) < 0) {
    callback_error(stream, "_add_reader");  // and stays open, as asyncio's transport does
  }
  if (Ref<> waiter = std::move(stream.start_waiter); waiter) {
    if (finish_waiter(data.state, waiter.get()) < 0) callback_error(data, waiter.get());
  }
}

// asyncio does this in a task of its own, whose end nobody waits for: outside of debug mode errors
// go nowhere.
void creation_failed(StreamTransport& stream) noexcept {
  if (stream.data == nullptr) return py::write_unraisable(object_of(stream));
  LoopData& data = *stream.data;
  Ref<> exception = py::fetch_error();
  if (py::ends_the_run(exception.get())) {
    data.escape(exception.share());
  } else if (data.debug) {
    Ref<> context = py::steal(Py_BuildValue("{sssO}", "message",
                                            "Error on transport creation for incoming connection",
                                            "exception", exception.get()));
    Ref<> done = context
                     ? py::call_method(data.object, data.state.names.call_exception_handler.get(),
                                       context.get())
                     : nullptr;
    if (!done) callback_error(data, data.object);
  }
  stream.closing = true;
  stream.conn_lost = 1;
  if (close_descriptor(stream) < 0) py::write_unraisable(object_of(stream));
}

// The protocol of an accepted connection.
void call_factory(StreamTransport& stream) noexcept {
  State& state = state_of(stream);
  stream.factory = false;
  Ref<> factory = std::move(stream.protocol);
  Ref<> context = stream.given_context ? stream.given_context.share()
                                       : py::steal(PyContext_Copy(stream.read_context.get()));
  if (!context || PyContext_Enter(context.get()) < 0) return creation_failed(stream);
  Ref<> protocol = py::call(factory.get());
  const int is_buffered =
      protocol ? PyObject_IsInstance(protocol.get(), state.buffered_protocol.get()) : -1;
  Ref<> server = std::move(stream.server);
  if (stream.data == nullptr) {
    if (is_buffered < 0) py::write_unraisable(object_of(stream));
  } else if (is_buffered >= 0) {
    set_stream_protocol(stream, protocol.get(), is_buffered != 0);
    if (attach(stream, server.get()) < 0 || schedule_start(stream) < 0) creation_failed(stream);
  } else {
    creation_failed(stream);
  }
  if (PyContext_Exit(context.get()) < 0) py::write_unraisable(context.get());
}

void run_start(Runnable& work) noexcept {
  StreamTransport& stream = of(work);
  Ref<> share = py::steal(object_of(stream));
  if (stream.data == nullptr) return;
  Ref<> loop = py::borrow(stream.data->object);
  leave_standing_task(*stream.data);
  if (stream.factory) {
    call_factory(stream);
  } else {
    connect(stream);
  }
}
void drop_start(Runnable& work) noexcept { Ref<> share = py::steal(object_of(of(work))); }
PyObject* owner(Runnable& work) noexcept { return object_of(of(work)); }

// The addresses of a socket object's descriptor, while they can be had.
int take_addresses(StreamTransport& stream, PyObject* extra) noexcept {
  sockaddr_storage address;
  socklen_t size = sizeof address;
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  if (getsockname(stream.fd, raw, &size) != 0) return 0;
  set_no_delay(stream.fd, address.ss_family);
  if (!stream.own.take(address)) return remember_names(stream);
  size = sizeof address;
  const bool given = extra != nullptr && PyDict_Check(extra) != 0 &&
                     PyDict_GetItemString(extra, "peername") != nullptr;
  if (!given && getpeername(stream.fd, raw, &size) == 0) stream.peer.take(address);
  return 0;
}

}  // namespace

void begin(StreamTransport& stream, LoopData& data, int fd, const DescriptorKind& kind) noexcept {
  ::new (static_cast<StartWork*>(&stream)) StartWork(kStartKind);
  ::new (static_cast<FlushWork*>(&stream)) FlushWork(kFlushKind);
  ::new (static_cast<LostWork*>(&stream)) LostWork(kLostKind);
  ::new (&stream.descriptor) Descriptor(kind, data, object_of(stream), fd);
  ::new (&stream.queue) WriteQueue();
  ::new (&stream.peer) Endpoint();
  ::new (&stream.own) Endpoint();
  stream.loop = py::borrow(data.object);
  stream.home = py::borrow(data.object);
  stream.data = &data;
  stream.fd = stream.shown_fd = fd;
  stream.high_water = kHighWater;
  stream.low_water = kHighWater / 4;
  data.transports.set(fd, object_of(stream));
}

int schedule_start(StreamTransport& stream) noexcept {
  StartWork& work = stream;
  if (stream.data == nullptr || work.linked()) return 0;
  py::acquire(object_of(stream));
  return schedule(*stream.data, stream.home.get(), work);
}

constinit const WorkKind kStartKind{{run_start, drop_start}, owner, nullptr};

// StreamTransport(loop, sock, protocol, waiter=None, extra=None, server=None, context=None)
PyObject* create(PyTypeObject* type, PyObject* args, PyObject* keywords) noexcept {
  PyObject *loop = nullptr, *sock = nullptr, *protocol = nullptr, *waiter = Py_None;
  PyObject *extra = Py_None, *server = Py_None, *context = Py_None;
  if (py::bind({type->tp_name, 7, 3}, args, keywords,
               {{"loop", &loop},
                {"sock", &sock},
                {"protocol", &protocol},
                {"waiter", &waiter},
                {"extra", &extra},
                {"server", &server},
                {"context", &context}}) < 0) {
    return nullptr;
  }
  State* state = state_of_type(type);
  if (state == nullptr) return nullptr;
  LoopData* own = own_data(*state, loop);
  if (own == nullptr || own->stock) {
    return py::raise(PyExc_TypeError, "a native loop is expected, got %R", loop);
  }
  LoopData& data = *own;
  const int fd = PyObject_AsFileDescriptor(sock);
  const int is_buffered = PyObject_IsInstance(protocol, state->buffered_protocol.get());
  if (fd < 0 || is_buffered < 0) return nullptr;
  if (!data.transports.reserve(fd)) return PyErr_NoMemory();
  Ref<> self = py::steal(type->tp_alloc(type, 0));
  if (!self) return nullptr;
  StreamTransport& stream = stream_of(self.get());
  begin(stream, data, fd, kDescriptorKind);
  stream.sock = py::borrow(sock);
  stream.extra = extra != Py_None ? py::steal(PyDict_Copy(extra)) : nullptr;
  if (extra != Py_None && !stream.extra) return nullptr;
  if (context != Py_None) stream.given_context = py::borrow(context);
  stream.read_context = context_now(stream);
  if (waiter != Py_None) stream.start_waiter = py::borrow(waiter);
  set_stream_protocol(stream, protocol, is_buffered != 0);
  if (!stream.read_context || take_addresses(stream, extra) < 0) return nullptr;
  if (attach(stream, server) < 0 || schedule_start(stream) < 0) return nullptr;
  return self.release();
}

}  // namespace stream

int start_accepted(LoopData& data, const Accepted& accepted, PyObject* factory, PyObject* server,
                   PyObject* context) noexcept {
  auto* type = reinterpret_cast<PyTypeObject*>(data.state.stream_transport_class.get());
  const bool room = data.transports.reserve(accepted.fd);
  Ref<> self = room ? py::steal(type->tp_alloc(type, 0)) : py::steal(PyErr_NoMemory());
  if (!self) {
    ::close(accepted.fd);
    return -1;
  }
  StreamTransport& stream = stream_of(self.get());
  stream::begin(stream, data, accepted.fd, stream::kDescriptorKind);
  stream.factory = true;
  stream.protocol = py::borrow(factory);
  if (server != nullptr && server != Py_None) stream.server = py::borrow(server);
  if (context != nullptr && context != Py_None) {
    stream.given_context = py::steal(PyContext_Copy(context));
    if (!stream.given_context) return -1;
  }
  stream.read_context = context_now(stream);
  if (!stream.read_context) return -1;
  stream.own = accepted.own;
  stream::set_no_delay(accepted.fd, accepted.peer.ss_family);
  if (!stream.peer.take(accepted.peer) && stream::remember_names(stream) < 0) return -1;
  return stream::schedule_start(stream);
}

}  // namespace phaseloop
