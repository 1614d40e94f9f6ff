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
  PyObject* sock = socket_of(stream);
  return sock != nullptr ? py::call(state.transport_socket.get(), sock) : nullptr;
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

int keep(StreamTransport& stream, PyObject* name, PyObject* value) noexcept {
  if (!stream.extra) stream.extra = py::steal(PyDict_New());
  return stream.extra ? PyDict_SetItem(stream.extra.get(), name, value) : -1;
}

// A name as the socket object gives it; None if it cannot.
int remember(StreamTransport& stream, const char* key, const char* method) noexcept {
  Ref<> name = py::steal(PyUnicode_FromString(key));
  if (!name) return -1;
  if (stream.extra && PyDict_Contains(stream.extra.get(), name.get()) != 0) return 0;
  PyObject* sock = socket_of(stream);
  if (sock == nullptr) return -1;
  Ref<> value = py::steal(PyObject_CallMethod(sock, method, nullptr));
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

PyObject* socket_of(StreamTransport& stream) noexcept {
  if (stream.sock || stream.fd < 0) return stream.sock.get();
  State* state = state_of_type(Py_TYPE(object_of(stream)));
  if (state == nullptr) return nullptr;
  // Family, type and protocol are read off the descriptor.
  Ref<> keywords = py::steal(Py_BuildValue("{si}", "fileno", stream.fd));
  Ref<> sock = keywords ? py::steal(PyObject_Call(state->socket_class.get(),
                                                  state->empty_tuple.get(), keywords.get()))
                        : nullptr;
  if (!sock) return nullptr;
  Ref<> set = py::steal(PyObject_CallMethod(sock.get(), "setblocking", "O", Py_False));
  stream.sock = std::move(sock);
  return set ? stream.sock.get() : nullptr;
}

Ref<> get_extra_info(PyObject* self, py::Args args) noexcept {
  PyObject *name = nullptr, *missing = Py_None;
  if (py::bind({"get_extra_info", 2, 1}, args, {{"name", &name}, {"default", &missing}}) < 0) {
    return py::raised;
  }
  StreamTransport& stream = stream_of(self);
  if (stream.extra) {
    if (PyObject* found = PyDict_GetItemWithError(stream.extra.get(), name)) {
      return py::borrow(found);
    }
    if (PyErr_Occurred() != nullptr) return py::raised;
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
    if (stream.extra && PyDict_Contains(stream.extra.get(), name.get()) != 0) continue;
    Ref<> value = find(stream, *state, name.get());
    if (!value && PyErr_Occurred() != nullptr) return py::raised;
    if (value && keep(stream, name.get(), value.get()) < 0) return py::raised;
  }
  return stream.extra.share();
}

}  // namespace phaseloop::stream
