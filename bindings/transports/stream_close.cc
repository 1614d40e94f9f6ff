// The end of a connection, whichever way it comes: connection_lost() once, then nothing.
#include "bindings/core/current_task.h"
#include "bindings/core/work.h"
#include "bindings/py/call.h"
#include "bindings/transports/stream.h"
#include "bindings/transports/stream_call.h"

namespace phaseloop::stream {
namespace {

StreamTransport& of(Runnable& work) noexcept {
  return static_cast<StreamTransport&>(static_cast<LostWork&>(work));
}

// What remains after connection_lost(): each step is taken whatever the ones before it raised; the
// last error is left pending, the others are its context.
int let_go(StreamTransport& stream) noexcept {
  if (stream.data == nullptr) return 0;  // what connection_lost() ran has been here
  Ref<> home = stream.home.share();
  State& state = state_of(stream);
  int result = 0;
  const auto step = [&result](int done) noexcept {
    if (done < 0) result = -1;
  };
  {
    py::ErrorScope keep;
    if (close_descriptor(stream) < 0) py::write_unraisable(object_of(stream));
  }
  Ref<> protocol = std::move(stream.protocol);
  Ref<> server = std::move(stream.server);
  Ref<> waiter = stream.empty_waiter.share();
  Ref<> loop = std::move(stream.loop);
  stream.home = nullptr;
  stream.data = nullptr;
  stream.native = nullptr;
  py::ErrorScope keep;
  if (server && server.get() != Py_None) {
    step((state.server_attaches_transports.get() == Py_True
              ? py::call_method(server.get(), state.names._detach.get(), object_of(stream))
              : py::call_method(server.get(), state.names._detach.get()))
             ? 0
             : -1);
  }
  if (waiter && waiter.get() != Py_None) {
    Ref<> error = py::steal(
        PyObject_CallFunction(PyExc_ConnectionError, "s", "Connection is closed by peer"));
    step(error && py::steal(PyObject_CallMethod(waiter.get(), "set_exception", "O", error.get()))
             ? 0
             : -1);
  }
  if (result < 0) py::write_unraisable(object_of(stream));
  return 0;
}

// asyncio's _call_connection_lost().
void lose(StreamTransport& stream, PyObject* exception) noexcept {
  LoopData& data = *stream.data;
  Ref<> loop = py::borrow(data.object);
  int result = 0;
  if (stream.connected) {
    Ref<> protocol = protocol_of(stream);
    PyObject* name = data.state.names.connection_lost.get();
    result = protocol && py::call_method(protocol.get(), name, exception) ? 0 : -1;
  }
  if (result < 0) {
    Ref<> error = py::fetch_error();
    Ref<> method = py::attribute(object_of(stream), data.state.names._call_connection_lost.get());
    let_go(stream);
    py::restore_error(std::move(error));
    callback_error(data, method ? method.get() : object_of(stream), exception);
    return;
  }
  let_go(stream);
}

void run_lost(Runnable& work) noexcept {
  StreamTransport& stream = of(work);
  Ref<> share = py::steal(object_of(stream));
  if (stream.data == nullptr) return;
  LoopData& data = *stream.data;
  leave_standing_task(data);
  Ref<> loop = py::borrow(data.object);
  Ref<> context = std::move(stream.lost_context);
  Ref<> exception = std::move(stream.lost_exception);
  if (PyContext_Enter(context.get()) < 0) return callback_error(stream, "_call_connection_lost");
  lose(stream, exception ? exception.get() : Py_None);
  if (PyContext_Exit(context.get()) < 0) py::write_unraisable(context.get());
}
void drop_lost(Runnable& work) noexcept { Ref<> share = py::steal(object_of(of(work))); }
PyObject* owner(Runnable& work) noexcept { return object_of(of(work)); }

}  // namespace

constinit const WorkKind kLostKind{{run_lost, drop_lost}, owner, nullptr};

int lose_connection(StreamTransport& stream, PyObject* exception) noexcept {
  if (stream.data == nullptr) return 0;
  stream.lost_context = context_now(stream);
  if (!stream.lost_context) return -1;
  if (exception != nullptr && exception != Py_None) stream.lost_exception = py::borrow(exception);
  LostWork& work = stream;
  if (work.linked()) return 0;
  py::acquire(object_of(stream));
  return schedule(*stream.data, stream.home.get(), work);
}

void lose_now(StreamTransport& stream) noexcept {
  if (stream.data != nullptr) lose(stream, Py_None);
}

Ref<> close(PyObject* self) noexcept {
  StreamTransport& stream = stream_of(self);
  if (stream.closing) return py::none();
  flush(stream);  // may end in a fatal error
  if (stream.closing) return py::none();
  stream.closing = true;
  if (!stream.queue.empty() && stream.data != nullptr) {
    static_cast<void>(
        watch(stream.descriptor, stream.descriptor.watch.interest - Interest::read).ok());
    return py::none();
  }
  count_lost(stream);
  unwatch(stream.descriptor);
  if (lose_connection(stream, nullptr) < 0) return py::raised;
  return py::none();
}

Ref<> force_close(PyObject* self, PyObject* exception) noexcept {
  StreamTransport& stream = stream_of(self);
  if (stream.conn_lost > 0) return py::none();
  stream.queue.clear();
  stream.closing = true;
  count_lost(stream);
  unwatch(stream.descriptor);
  if (lose_connection(stream, exception) < 0) return py::raised;
  return py::none();
}

Ref<> abort(PyObject* self) noexcept {
  StreamTransport& stream = stream_of(self);
  // What asyncio would have sent at once is not dropped.
  if (stream.conn_lost == 0) flush(stream);
  return force_close(self, Py_None);
}

void fatal_error(StreamTransport& stream, Ref<> exception, const char* message) noexcept {
  if (stream.data == nullptr) {  // nobody is left to tell
    py::restore_error(std::move(exception));
    return py::write_unraisable(object_of(stream));
  }
  LoopData& data = *stream.data;
  Ref<> loop = stream.home.share();
  if (py::ends_the_run(exception.get())) return data.escape(std::move(exception));
  py::HandlingScope handling(exception.get());
  Ref<> text = py::steal(PyUnicode_FromString(message));
  Ref<> done = text ? py::call_method(object_of(stream), data.state.names._fatal_error.get(),
                                      exception.get(), text.get())
                    : nullptr;
  if (!done) callback_error(data, object_of(stream));
}

void fatal_os_error(StreamTransport& stream, int error, const char* message) noexcept {
  errno = error;
  PyErr_SetFromErrno(PyExc_OSError);
  fatal_error(stream, py::fetch_error(), message);
}

namespace {

// The descriptor, which is no longer the transport's.
int release_descriptor(StreamTransport& stream) noexcept {
  if (stream.data != nullptr) {
    unwatch(stream.descriptor);
    auto& transports = stream.data->transports;
    if (transports.find(stream.fd) == object_of(stream)) transports.set(stream.fd, nullptr);
  }
  return std::exchange(stream.fd, -1);
}

}  // namespace

int close_descriptor(StreamTransport& stream) noexcept {
  if (stream.fd < 0) return 0;
  if (!stream.own.known()) {  // get_extra_info("sockname") still answers afterwards
    sockaddr_storage own;
    socklen_t size = sizeof own;
    if (getsockname(stream.fd, reinterpret_cast<sockaddr*>(&own), &size) == 0) stream.own.take(own);
  }
  const int fd = release_descriptor(stream);
  if (!stream.sock) {
    ::close(fd);
    return 0;
  }
  Ref<> sock = std::move(stream.sock);
  Ref<> done = py::steal(PyObject_CallMethod(sock.get(), "close", nullptr));
  return done ? 0 : -1;
}

void drop_descriptor(StreamTransport& stream) noexcept {
  const bool begun = stream.shown_fd > 0 || stream.home;
  if (!begun || stream.fd < 0) return;
  const int fd = release_descriptor(stream);
  if (!stream.sock) ::close(fd);
}

}  // namespace phaseloop::stream
