#include "bindings/loop/socket_call.h"

#include "bindings/core/current_task.h"
#include "bindings/loop/loop_io.h"
#include "bindings/objects/operation.h"
#include "bindings/py/call.h"
#include "bindings/transports/stream_call.h"
#include "runtime/net/socket.h"

namespace phaseloop {
namespace {

using py::Args;
using Begun = OperationKind::Begun;

struct SocketCall : Operation {
  Ref<> target;  // the loop that was asked
  Ref<> socket, first, second;
  Ref<> result, failure;
  Py_buffer view;  // of what is being sent, as long as that waits
  std::size_t sent;
  int fd;
};

enum class Attempt { done, not_now, failed, not_ours };

struct SocketCallKind : OperationKind {
  Direction direction;
  // done: `value` is the result. not_ours, of the first attempt only: as in begin().
  Attempt (*attempt)(SocketCall& call, Ref<>& value) noexcept;
  bool calls_python;
  Place at_once, later;  // where asyncio calls the socket: in the coroutine, in its callback
};

SocketCall& call_of(Operation& op) noexcept { return static_cast<SocketCall&>(op); }
const SocketCallKind& kind_of(SocketCall& call) noexcept {
  return static_cast<const SocketCallKind&>(*call.kind);
}
Loop& loop_of(SocketCall& call) noexcept { return *reinterpret_cast<Loop*>(call.loop.get()); }

// --- attempts by the socket's own methods ----------------------------------------------------

constexpr char kRecvInto[] = "recv_into", kRecvfrom[] = "recvfrom", kSendto[] = "sendto",
               kRecvfromInto[] = "recvfrom_into";

Attempt of_value(Ref<> made, Ref<>& value) noexcept {
  value = std::move(made);
  return value ? Attempt::done : Attempt::failed;
}

Attempt of_method(Ref<> returned, Ref<>& value) noexcept {
  if (returned) return of_value(std::move(returned), value);
  const bool not_now =
      py::consume_error(PyExc_BlockingIOError) || py::consume_error(PyExc_InterruptedError);
  return not_now ? Attempt::not_now : Attempt::failed;
}

template <const char* Method>
Attempt call_with_one(SocketCall& call, Ref<>& value) noexcept {
  return of_method(py::steal(PyObject_CallMethod(call.socket.get(), Method, "O", call.first.get())),
                   value);
}
template <const char* Method>
Attempt call_with_two(SocketCall& call, Ref<>& value) noexcept {
  return of_method(py::steal(PyObject_CallMethod(call.socket.get(), Method, "OO", call.first.get(),
                                                 call.second.get())),
                   value);
}

// How much it takes unless told is known once, when it begins.
Attempt receive_from_into(SocketCall& call, Ref<>& value) noexcept {
  const int given = call.second ? PyObject_IsTrue(call.second.get()) : 0;
  if (given == 0) {
    const Py_ssize_t length = PyObject_Size(call.first.get());
    call.second = length < 0 ? nullptr : py::steal(PyLong_FromSsize_t(length));
  }
  if (given < 0 || !call.second) return Attempt::failed;
  return call_with_two<kRecvfromInto>(call, value);
}

Attempt accept(SocketCall& call, Ref<>& value) noexcept {
  const Attempt attempt =
      of_method(py::steal(PyObject_CallMethod(call.socket.get(), "accept", nullptr)), value);
  if (attempt != Attempt::done) return attempt;
  PyObject* connection = PyTuple_GetItem(value.get(), 0);
  if (connection == nullptr) return Attempt::failed;
  PyObject* name = call.data->state.names.setblocking.get();
  return py::call_method(connection, name, Py_False) ? Attempt::done : Attempt::failed;
}

// --- attempts of the hot ones: system calls ---------------------------------------------------

Attempt of_error(const net::Moved& moved) noexcept {
  if (moved.not_now()) return Attempt::not_now;
  errno = moved.error;
  PyErr_SetFromErrno(PyExc_OSError);
  return Attempt::failed;
}

// A number of bytes that is worth a recv(), or 0.
std::size_t size_asked(PyObject* number) noexcept {
  if (!PyLong_CheckExact(number)) return 0;
  const Py_ssize_t size = PyLong_AsSsize_t(number);
  if (size == -1 && PyErr_Occurred() != nullptr) py::ignore_error();
  return size > 0 ? static_cast<std::size_t>(size) : 0;
}

Attempt receive_much(SocketCall& call, std::size_t size, Ref<>& value) noexcept {
  PyObject* bytes = PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(size));
  if (bytes == nullptr) return Attempt::failed;
  const net::Moved got = net::receive_now(call.fd, PyBytes_AS_STRING(bytes), size);
  // Null if it fails, with the error set.
  if (got.ok()) _PyBytes_Resize(&bytes, static_cast<Py_ssize_t>(got.count));
  Ref<> data = py::steal(bytes);
  return got.ok() ? of_value(std::move(data), value) : of_error(got);
}

Attempt receive(SocketCall& call, Ref<>& value) noexcept {
  const std::size_t size = size_asked(call.first.get());
  if (size == 0) return Attempt::not_ours;
  if (size > stream::kReadMax) return receive_much(call, size, value);
  // Most attempts find nothing: an object for the bytes is made when there are some.
  char* buffer = stream::read_buffer(*call.data);
  if (buffer == nullptr) {
    PyErr_NoMemory();
    return Attempt::failed;
  }
  const net::Moved got = net::receive_now(call.fd, buffer, size);
  if (!got.ok()) return of_error(got);
  const auto count = static_cast<Py_ssize_t>(got.count);
  return of_value(py::steal(PyBytes_FromStringAndSize(buffer, count)), value);
}

// The buffer is not held between attempts: meanwhile its owner may do with it what he likes.
Attempt receive_into(SocketCall& call, Ref<>& value) noexcept {
  Py_buffer buffer;
  if (PyObject_GetBuffer(call.first.get(), &buffer, PyBUF_WRITABLE) < 0) {
    py::ignore_error();  // the method says it better
    return call_with_one<kRecvInto>(call, value);
  }
  net::Moved got;
  if (buffer.len > 0) {
    got = net::receive_now(call.fd, buffer.buf, static_cast<std::size_t>(buffer.len));
  }
  PyBuffer_Release(&buffer);
  if (!got.ok()) return of_error(got);
  return of_value(py::steal(PyLong_FromSize_t(got.count)), value);
}

// asyncio compares the number of bytes sent with the length of what it was given.
bool has_length_in_bytes(PyObject* data) noexcept {
  if (PyBytes_CheckExact(data) || PyByteArray_CheckExact(data)) return true;
  if (!PyMemoryView_Check(data)) return false;
  const Py_buffer& view = *PyMemoryView_GET_BUFFER(data);
  return view.ndim == 1 && view.itemsize == 1 && PyBuffer_IsContiguous(&view, 'C') != 0;
}

void release_view(SocketCall& call) noexcept {
  if (call.view.obj != nullptr) PyBuffer_Release(&call.view);
}

Attempt send_all(SocketCall& call, Ref<>& value) noexcept {
  if (call.view.obj == nullptr) {
    PyObject* data = call.first.get();
    if (!has_length_in_bytes(data)) return Attempt::not_ours;
    if (PyObject_GetBuffer(data, &call.view, PyBUF_SIMPLE) < 0) return Attempt::failed;
  }
  const auto size = static_cast<std::size_t>(call.view.len);
  const auto* bytes = static_cast<const char*>(call.view.buf);
  const net::Moved moved = net::send_now(call.fd, bytes + call.sent, size - call.sent);
  if (!moved.ok()) return of_error(moved);
  call.sent += moved.count;
  if (call.sent < size) return Attempt::not_now;
  return of_value(py::none(), value);
}

// --- the operation ------------------------------------------------------------------------------

int descriptor_of(SocketCall& call) noexcept {
  Ref<> number = py::call_method(call.socket.get(), call.data->state.names.fileno.get());
  if (!number) return -1;
  call.fd = static_cast<int>(PyLong_AsLong(number.get()));
  return call.fd == -1 && PyErr_Occurred() != nullptr ? -1 : 0;
}

// asyncio's own function raises what is to be said if a transport uses the descriptor.
int check_no_transport(SocketCall& call) noexcept {
  if (call.data->transports.find(call.fd) == nullptr) return 0;
  Ref<> number = py::steal(PyLong_FromLong(call.fd));
  PyObject* name = call.data->state.names._ensure_fd_no_transport.get();
  return number && py::call_method(call.loop.get(), name, number.get()) ? 0 : -1;
}

Begun begin(Operation& op, Ref<>& value) noexcept {
  SocketCall& call = call_of(op);
  const SocketCallKind& kind = kind_of(call);
  if (call.loop.get() != call.target.get() || call.data->debug) return Begun::not_ours;
  if (descriptor_of(call) < 0) return Begun::failed;
  switch (kind.attempt(call, value)) {
    case Attempt::done:
      return Begun::returned;
    case Attempt::failed:
      trace_place(op.data->state, kind.at_once);
      return Begun::failed;
    case Attempt::not_ours:
      return Begun::not_ours;
    case Attempt::not_now:
      break;
  }
  if (check_no_transport(call) < 0) return Begun::failed;
  const int watched = watch_socket(loop_of(call), call.fd, kind.direction, call.socket.get(),
                                   py::borrow(object_of(op)));
  return watched < 0 ? Begun::failed : Begun::suspended;
}

Ref<> outcome(Operation& op) noexcept {
  SocketCall& call = call_of(op);
  if (!call.failure) return py::or_none(call.result.get());
  return py::raise_exception(call.failure.get());
}

void stop_waiting(SocketCall& call, bool again) noexcept {
  if (!call.loop || call.fd < 0) return;
  unwatch_socket(loop_of(call), call.fd, kind_of(call).direction, object_of(call), again);
}

void abandon(Operation& op) noexcept {
  stop_waiting(call_of(op), false);
  release_view(call_of(op));
}

Ref<> delegate(Operation& op) noexcept {
  SocketCall& call = call_of(op);
  State* state = state_of_type(Py_TYPE(object_of(op)));
  if (state == nullptr) return py::raised;
  Ref<> name = name_at(op.kind->place);
  Ref<> function = name ? py::attribute(state->stock_selector_loop.get(), name.get()) : nullptr;
  if (!function) return py::raised;
  // Those that it has, in order; the others are null and end the list.
  return py::steal(PyObject_CallFunctionObjArgs(function.get(), call.target.get(),
                                                call.socket.get(), call.first.get(),
                                                call.second.get(), nullptr));
}

int traverse(Operation& op, visitproc visit, void* arg) noexcept {
  SocketCall& call = call_of(op);
  for (Ref<>* each :
       {&call.target, &call.socket, &call.first, &call.second, &call.result, &call.failure}) {
    Py_VISIT(each->get());
  }
  Py_VISIT(call.view.obj);
  return 0;
}

void clear(Operation& op) noexcept {
  SocketCall& call = call_of(op);
  release_view(call);
  for (Ref<>* each :
       {&call.target, &call.socket, &call.first, &call.second, &call.result, &call.failure}) {
    *each = nullptr;
  }
}

bool recycle(Operation& op) noexcept { return op.data->state.socket_calls.give(object_of(op)); }

struct Places {
  Place waits, at_once, later;
};
#define PHASELOOP_PLACES(name, method)                                                 \
  Places {                                                                             \
    "BaseSelectorEventLoop." name "@0", "BaseSelectorEventLoop." name "@call:" method, \
        "BaseSelectorEventLoop._" name "@call:" method                                 \
  }

constexpr SocketCallKind kind(Places places, Direction direction,
                              Attempt (*attempt)(SocketCall&, Ref<>&) noexcept, bool calls_python) {
  return {{places.waits, begin, outcome, nullptr, abandon, delegate, traverse, clear, nullptr,
           false, nullptr, recycle},
          direction,
          attempt,
          calls_python,
          places.at_once,
          places.later};
}

constexpr SocketCallKind kReceive = kind(PHASELOOP_PLACES("sock_recv", "recv"), Direction::read,
                                         receive, false),
                         kReceiveInto = kind(PHASELOOP_PLACES("sock_recv_into", "recv_into"),
                                             Direction::read, receive_into, false),
                         kSendAll = kind(PHASELOOP_PLACES("sock_sendall", "send"), Direction::write,
                                         send_all, false),
                         kReceiveFrom = kind(PHASELOOP_PLACES("sock_recvfrom", "recvfrom"),
                                             Direction::read, call_with_one<kRecvfrom>, true),
                         kReceiveFromInto =
                             kind(PHASELOOP_PLACES("sock_recvfrom_into", "recvfrom_into"),
                                  Direction::read, receive_from_into, true),
                         kSendTo = kind(PHASELOOP_PLACES("sock_sendto", "sendto"), Direction::write,
                                        call_with_two<kSendto>, true),
                         // The coroutine calls the callback, and awaits what that has made of it.
    kAccept = kind({"BaseSelectorEventLoop.sock_accept@0",
                    "BaseSelectorEventLoop.sock_accept@0 "
                    "BaseSelectorEventLoop._sock_accept@call:accept",
                    "BaseSelectorEventLoop._sock_accept@call:accept"},
                   Direction::read, accept, true);
#undef PHASELOOP_PLACES

// --- the loop's methods -------------------------------------------------------------------------

// The loop, a plain socket, and as many arguments as asyncio's function takes.
template <const SocketCallKind& Kind, Py_ssize_t Required, Py_ssize_t Optional = 0>
Ref<> make(State& state, Args args) noexcept {
  const Py_ssize_t given = args.count() - 2;
  if (given < Required || given > Required + Optional || args.keyword_count() != 0) return nullptr;
  if (PyObject_TypeCheck(args[0], state.loop_type.get()) == 0) return nullptr;
  if (py::object(Py_TYPE(args[1])) != state.socket_class.get()) return nullptr;
  Ref<> made =
      begin_operation(py::steal(state.socket_calls.make(state.socket_call_type.get())), Kind);
  if (!made) return py::raised;
  SocketCall& call = call_of(operation(made.get()));
  call.target = py::borrow(args[0]);
  call.socket = py::borrow(args[1]);
  if (given > 0) call.first = py::borrow(args[2]);
  if (given > 1) call.second = py::borrow(args[3]);
  call.view.obj = nullptr;
  call.sent = 0;
  call.fd = -1;
  return made;
}

constexpr Implementation kFunctions[] = {{"sock_recv", make<kReceive, 1>},
                                         {"sock_recv_into", make<kReceiveInto, 1>},
                                         {"sock_sendall", make<kSendAll, 1>},
                                         {"sock_recvfrom", make<kReceiveFrom, 1>},
                                         {"sock_recvfrom_into", make<kReceiveFromInto, 1, 1>},
                                         {"sock_sendto", make<kSendTo, 2>},
                                         {"sock_accept", make<kAccept, 0>}};

}  // namespace

void socket_ready(PyObject* object) noexcept {
  SocketCall& call = call_of(operation(object));
  if (!waits(call)) return;
  const SocketCallKind& kind = kind_of(call);
  if (kind.calls_python) leave_standing_task(*call.data);
  Ref<> value;
  const Attempt attempt = kind.attempt(call, value);
  if (attempt == Attempt::not_now) return;
  if (attempt == Attempt::done) {
    call.result = std::move(value);
  } else {
    trace_place(call.data->state, kind.later);
    call.failure = py::fetch_error();
    // asyncio's future stays pending then.
    if (py::ends_the_run(call.failure.get())) return call.data->escape(std::move(call.failure));
  }
  release_view(call);
  stop_waiting(call, attempt == Attempt::done);
  wake_from_loop(call);
}

std::span<const Implementation> socket_functions() noexcept { return kFunctions; }

Ref<PyTypeObject> new_socket_call_type(State& state, PyObject* module) noexcept {
  return derive_operation_type(state, module, "phaseloop._native._SocketCall", sizeof(SocketCall));
}

}  // namespace phaseloop
