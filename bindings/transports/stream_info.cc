// What a transport knows of its connection: made when somebody asks.
#include "bindings/py/args.h"
#include "bindings/py/call.h"
#include "bindings/transports/stream.h"
#include "bindings/transports/stream_call.h"

namespace phaseloop::stream {
namespace {

bool is(PyObject* name, const char* text) noexcept {
  return PyUnicode_Check(name) && PyUnicode_CompareWithASCIIString(name, text) == 0;
}

Ref<> wrapped_socket(StreamTransport& stream, State& state) noexcept {
  if (stream.fd < 0) {  // a closed one
    PyObject* kind = state.socket_class.get();
    Ref<> closed = py::steal(PyObject_CallMethod(kind, "__new__", "O", kind));
    return closed ? py::call(state.transport_socket.get(), closed.get()) : nullptr;
  }
  Ref<> sock = socket_of(stream);
  return sock ? py::call(state.transport_socket.get(), sock.get()) : nullptr;
}

Ref<> name_of(const Endpoint& endpoint) noexcept {
  return endpoint.known() ? to_python(endpoint) : py::none();
}

Ref<> own_name(StreamTransport& stream) noexcept {
  if (!stream.own.known() && stream.fd >= 0) {
    sockaddr_storage own;
    socklen_t size = sizeof own;
    if (getsockname(stream.fd, reinterpret_cast<sockaddr*>(&own), &size) == 0) stream.own.take(own);
  }
  return name_of(stream.own);
}

// One of the three that every transport has; empty without an error: not of these.
Ref<> find(StreamTransport& stream, State& state, PyObject* name) noexcept {
  if (is(name, "peername")) return name_of(stream.peer);
  if (is(name, "sockname")) return own_name(stream);
  if (is(name, "socket")) return wrapped_socket(stream, state);
  return nullptr;
}

// transport._extra, made if nobody has asked for it yet. Empty: error set.
Ref<> extra_of(StreamTransport& stream) noexcept {
  if (!stream.extra) stream.extra = py::steal(PyDict_New());
  return stream.extra.share();
}

// 1, 0 or -1. What somebody has put in the dictionary's place is asked as any mapping is.
int knows(StreamTransport& stream, PyObject* name) noexcept {
  Ref<> extra = extra_of(stream);
  return extra ? PySequence_Contains(extra.get(), name) : -1;
}

int keep(StreamTransport& stream, PyObject* name, PyObject* value) noexcept {
  Ref<> extra = extra_of(stream);
  return extra ? PyObject_SetItem(extra.get(), name, value) : -1;
}

// A name as the socket object gives it; None if it cannot.
int remember(StreamTransport& stream, const char* key, const char* method) noexcept {
  Ref<> name = py::steal(PyUnicode_FromString(key));
  if (!name) return -1;
  const int known = knows(stream, name.get());
  if (known != 0) return known < 0 ? -1 : 0;
  Ref<> sock = socket_of(stream);
  if (!sock) return -1;
  Ref<> value = py::steal(PyObject_CallMethod(sock.get(), method, nullptr));
  if (!value) {
    if (!py::consume_error(PyExc_OSError)) return -1;
    value = py::none();
  }
  return keep(stream, name.get(), value.get());
}

}  // namespace

int remember_names(StreamTransport& stream) noexcept {
  if (remember(stream, "sockname", "getsockname") < 0) return -1;
  return remember(stream, "peername", "getpeername");
}

Ref<> socket_of(StreamTransport& stream) noexcept {
  if (stream.sock) return stream.sock.share();
  if (stream.fd < 0) {
    errno = EBADF;
    return PyErr_SetFromErrno(PyExc_OSError), py::raised;
  }
  State* state = state_of_type(Py_TYPE(object_of(stream)));
  if (state == nullptr) return py::raised;
  // Family, type and protocol are read off the descriptor.
  Ref<> keywords = py::steal(Py_BuildValue("{si}", "fileno", stream.fd));
  Ref<> sock = keywords ? py::steal(PyObject_Call(state->socket_class.get(),
                                                  state->empty_tuple.get(), keywords.get()))
                        : nullptr;
  if (!sock) return py::raised;
  stream.sock = sock.share();
  Ref<> set = py::steal(PyObject_CallMethod(sock.get(), "setblocking", "O", Py_False));
  return set ? std::move(sock) : nullptr;
}

Ref<> get_extra_info(PyObject* self, py::Args args) noexcept {
  PyObject *name = nullptr, *missing = Py_None;
  if (py::bind({"get_extra_info", 2, 1}, args, {{"name", &name}, {"default", &missing}}) < 0) {
    return py::raised;
  }
  StreamTransport& stream = stream_of(self);
  Ref<> extra = stream.extra.share();
  if (extra && !PyDict_CheckExact(extra.get())) {  // put there by somebody: asyncio's own look
    return py::steal(PyObject_CallMethod(extra.get(), "get", "OO", name, missing));
  }
  if (extra) {
    Ref<> found = py::borrow(PyDict_GetItemWithError(extra.get(), name));
    if (found || PyErr_Occurred() != nullptr) return found;
  }
  State* state = state_of_type(Py_TYPE(self));
  if (state == nullptr) return py::raised;
  Ref<> found = find(stream, *state, name);
  if (found) return keep(stream, name, found.get()) < 0 ? nullptr : std::move(found);
  return PyErr_Occurred() != nullptr ? nullptr : py::borrow(missing);
}

// The dictionary with everything, as asyncio's transports have it.
Ref<> all_extra(PyObject* self) noexcept {
  StreamTransport& stream = stream_of(self);
  State* state = state_of_type(Py_TYPE(self));
  if (state == nullptr) return py::raised;
  for (const char* key : {"socket", "sockname", "peername"}) {
    Ref<> name = py::steal(PyUnicode_FromString(key));
    if (!name) return py::raised;
    if (stream.extra && !PyDict_CheckExact(stream.extra.get())) break;
    const int known = knows(stream, name.get());
    if (known < 0) return py::raised;
    if (known > 0) continue;
    Ref<> value = find(stream, *state, name.get());
    if (!value && PyErr_Occurred() != nullptr) return py::raised;
    if (value && keep(stream, name.get(), value.get()) < 0) return py::raised;
  }
  return extra_of(stream);
}

int set_extra(PyObject* self, PyObject* value) noexcept {
  if (value == nullptr) return py::raise(PyExc_AttributeError, "can't delete attribute");
  stream_of(self).extra = py::borrow(value);
  return 0;
}

}  // namespace phaseloop::stream
