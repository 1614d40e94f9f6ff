#include "bindings/transports/listener.h"

#include <sys/socket.h>

#include "bindings/core/current_task.h"
#include "bindings/core/descriptor.h"
#include "bindings/py/args.h"
#include "bindings/py/call.h"
#include "bindings/py/gc.h"
#include "bindings/py/method.h"
#include "bindings/transports/stream.h"
#include "bindings/transports/stream_call.h"

namespace phaseloop {
namespace {

constexpr double kRetrySeconds = 1;  // asyncio's ACCEPT_RETRY_DELAY

struct Listener {
  PyObject_HEAD
  Ref<> loop;
  Ref<> factory;
  Ref<> sock;
  Ref<> server;
  Ref<> context;        // of the server's own, from 3.15; None: none
  Ref<> serve_context;  // in which it was told to listen
  Descriptor descriptor;
  Endpoint own;
  long long backlog;
  bool stopped;

  auto refs() { return std::tie(loop, factory, sock, server, context, serve_context); }
};

Listener& listener_of(PyObject* self) noexcept { return *reinterpret_cast<Listener*>(self); }
PyObject* object_of(Listener& listener) noexcept { return reinterpret_cast<PyObject*>(&listener); }

// The address every connection has at this end, if the listener has just one.
Endpoint own_address(int fd) noexcept {
  Endpoint own;
  sockaddr_storage address;
  socklen_t size = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  if (!own.take(address)) return {};
  const bool any = own.family == AF_INET ? own.in.sin_addr.s_addr == INADDR_ANY
                                         : IN6_IS_ADDR_UNSPECIFIED(&own.in6.sin6_addr) != 0;
  return any ? Endpoint() : own;
}

int listen_again(Listener& listener) noexcept {
  if (listener.stopped) return 0;
  const Status watched = watch(listener.descriptor, Interest::read);
  if (watched.ok()) return 0;
  errno = watched.error();
  PyErr_SetFromErrno(PyExc_OSError);
  return -1;
}

// Descriptors or memory have run out: the connections wait in the system's queue for a while.
void back_off(Listener& listener, int error) noexcept {
  LoopData& data = listener.descriptor.data;
  errno = error;
  PyErr_SetFromErrno(PyExc_OSError);
  Ref<> exception = py::fetch_error();
  Ref<> sock = py::call(data.state.transport_socket.get(), listener.sock.get());
  Ref<> context =
      sock
          ? py::steal(Py_BuildValue("{sssOsO}", "message", "socket.accept() out of system resource",
                                    "exception", exception.get(), "socket", sock.get()))
          : nullptr;
  py::HandlingScope handling(exception.get());
  Ref<> told = context ? py::call_method(data.object, data.state.names.call_exception_handler.get(),
                                         context.get())
                       : nullptr;
  if (!told) stream::callback_error(data, object_of(listener));
  unwatch(listener.descriptor);
  Ref<> resume = py::steal(PyObject_GetAttrString(object_of(listener), "resume"));
  Ref<> handle = resume ? py::steal(PyObject_CallMethod(data.object, "call_later", "dO",
                                                        kRetrySeconds, resume.get()))
                        : nullptr;
  if (!handle) stream::callback_error(data, object_of(listener));
}

bool is_out_of_resources(int error) noexcept {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

// False: there is no more to accept for now.
bool accept_one(Listener& listener) noexcept {
  LoopData& data = listener.descriptor.data;
  sockaddr_storage peer;
  peer.ss_family = AF_UNSPEC;
  socklen_t size = sizeof peer;
  const int fd = ::accept4(listener.descriptor.watch.fd, reinterpret_cast<sockaddr*>(&peer), &size,
                           SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) {
    const Accepted accepted{fd, peer, listener.own};
    if (start_accepted(data, accepted, listener.factory.get(), listener.server.get(),
                       listener.context.get()) < 0) {
      stream::callback_error(data, object_of(listener));
    }
    return true;
  }
  const int error = errno;
  if (error == ECONNABORTED) return true;
  if (error == EAGAIN || error == EWOULDBLOCK || error == EINTR) return false;
  if (is_out_of_resources(error)) {
    back_off(listener, error);
  } else {
    PyErr_SetFromErrno(PyExc_OSError);
    stream::callback_error(data, object_of(listener));
  }
  return false;
}

void readable(Descriptor& descriptor) noexcept {
  Listener& listener = listener_of(descriptor.object);
  Ref<> loop = py::borrow(descriptor.data.object);
  leave_standing_task(descriptor.data);
  Ref<> context = listener.serve_context.share();
  if (PyContext_Enter(context.get()) < 0) {
    return stream::callback_error(descriptor.data, object_of(listener));
  }
  for (long long i = 0; i <= listener.backlog && !listener.stopped && accept_one(listener); ++i) {
  }
  if (PyContext_Exit(context.get()) < 0) py::write_unraisable(context.get());
}
void writable(Descriptor&) noexcept {}
constexpr DescriptorKind kKind{readable, writable};

Ref<> resume(PyObject* self) noexcept {
  if (listen_again(listener_of(self)) < 0) return py::raised;
  return py::none();
}
Ref<> stop(PyObject* self) noexcept {
  Listener& listener = listener_of(self);
  listener.stopped = true;
  unwatch(listener.descriptor);
  return py::none();
}

// Listener(loop, protocol_factory, sock, server, backlog, context)
PyObject* create(PyTypeObject* type, PyObject* args, PyObject* keywords) noexcept {
  PyObject *loop = nullptr, *factory = nullptr, *sock = nullptr, *server = nullptr;
  PyObject *backlog = nullptr, *context = Py_None;
  if (py::bind({"Listener", 6, 5}, args, keywords,
               {{"loop", &loop},
                {"protocol_factory", &factory},
                {"sock", &sock},
                {"server", &server},
                {"backlog", &backlog},
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
  const long long count = fd < 0 ? -1 : PyLong_AsLongLong(backlog);
  if (fd < 0 || (count == -1 && PyErr_Occurred() != nullptr)) return nullptr;
  Ref<> self = py::steal(type->tp_alloc(type, 0));
  if (!self) return nullptr;
  Listener& listener = listener_of(self.get());
  ::new (&listener.descriptor) Descriptor(kKind, data, self.get(), fd);
  ::new (&listener.own) Endpoint(own_address(fd));
  listener.loop = py::borrow(loop);
  listener.factory = py::borrow(factory);
  listener.sock = py::borrow(sock);
  listener.server = py::borrow(server);
  listener.context = py::borrow(context);
  listener.serve_context = py::steal(PyContext_CopyCurrent());
  listener.backlog = count;
  if (!listener.serve_context || listen_again(listener) < 0) return nullptr;
  return self.release();
}

PyMethodDef methods[] = {
    py::method<resume>("resume", "resume($self, /)\n--\n\nListen again."),
    py::method<stop>("stop", "stop($self, /)\n--\n\nAccept no more; the socket stays open."),
    {}};
PyType_Slot slots[] = {{Py_tp_new, reinterpret_cast<void*>(create)},
                       {Py_tp_traverse, reinterpret_cast<void*>(py::Gc<Listener>::traverse)},
                       {Py_tp_clear, reinterpret_cast<void*>(py::Gc<Listener>::clear)},
                       {Py_tp_dealloc, reinterpret_cast<void*>(py::Gc<Listener>::dealloc)},
                       {Py_tp_methods, methods},
                       {0, nullptr}};
PyType_Spec spec = {"phaseloop._native.Listener", sizeof(Listener), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, slots};

}  // namespace

Ref<PyTypeObject> new_listener_type(PyObject* module) noexcept {
  return py::steal(
      reinterpret_cast<PyTypeObject*>(PyType_FromModuleAndSpec(module, &spec, nullptr)));
}

}  // namespace phaseloop
