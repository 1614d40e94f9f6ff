#include "bindings/objects/operation.h"

#include <structmember.h>

#include <string_view>

#include "bindings/core/current_task.h"
#include "bindings/core/work.h"
#include "bindings/objects/base_task.h"
#include "bindings/objects/task.h"
#include "bindings/objects/type_layout.h"
#include "bindings/py/call.h"
#include "bindings/py/dealloc.h"
#include "bindings/py/gc.h"
#include "bindings/py/gen.h"
#include "bindings/py/method.h"
#include "bindings/py/version.h"

namespace phaseloop {

PHASELOOP_EARLY_TLS thread_local constinit Stepping stepping;

namespace {

using py::Args;
using Begun = OperationKind::Begun;
using Phase = Operation::Phase;

void cancel_wait(Operation& op, PyObject* future) noexcept {
  py::ErrorScope keep;
  const int cancelled =
      future != nullptr ? cancel_future(future_data(future), Py_None) : cancel(op, Py_None);
  if (cancelled < 0) py::write_unraisable(object_of(op));
}

// The operation has ended, in whatever way: nothing wakes it any more.
void end(Operation& op) noexcept {
  op.phase = Phase::finished;
  Ref<> future = std::move(op.stand_in);
  op.kind->abandon(op);
  if (op.kind->cancels_future && (future || op.waiter != nullptr)) [[unlikely]] {
    cancel_wait(op, future.get());
  }
}

PySendResult send_delegate(Operation& op, PyObject* value, PyObject** result) noexcept {
  Ref<> delegate = op.stand_in.share();
  Ref<> out;
  const PySendResult sent = py::resume(delegate.get(), value, out);
  *result = out.release();
  return sent;
}

PySendResult start_delegate(Operation& op, PyObject** result) noexcept {
  Ref<> delegate = op.kind->delegate(op);
  op.phase = delegate ? Phase::delegated : Phase::finished;
  if (!delegate) return PYGEN_ERROR;
  op.stand_in = std::move(delegate);
  return send_delegate(op, Py_None, result);
}

// REQUIRES: phase running.
PySendResult begin(Operation& op, PyObject** result) noexcept {
  Ref<> value;
  switch (op.kind->begin(op, value)) {
    case Begun::suspended:
      op.phase = Phase::suspended;
      op.yielded = true;
      *result = py::borrow(object_of(op)).release();
      return PYGEN_NEXT;
    case Begun::yielded_none:
      op.phase = Phase::woken;
      op.bare = true;
      *result = py::none().release();
      return PYGEN_NEXT;
    case Begun::returned:
      op.phase = Phase::finished;
      *result = value.release();
      return PYGEN_RETURN;
    case Begun::not_ours:
      return start_delegate(op, result);
    case Begun::failed:
      break;
  }
  end(op);
  return PYGEN_ERROR;
}

PySendResult start(Operation& op, PyObject** result) noexcept {
  op.phase = Phase::running;
  LoopData* data = driving_loop();
  if (data == nullptr) return start_delegate(op, result);
  op.data = data;
  op.loop = py::borrow(data->object);
  return begin(op, result);
}

Ref<> outcome_of(Operation& op) noexcept {
  return op.kind->outcome != nullptr ? op.kind->outcome(op) : py::none();
}

PySendResult conclude(Operation& op, Ref<> outcome, PyObject** result) noexcept;

// asyncio's coroutine waits for another future now; who waits for the former one goes on doing so.
PySendResult begin_again(Operation& op, PyObject** result) noexcept {
  if (op.waiter != nullptr) {
    Ref<> former = future_in_place(op, static_cast<TaskData&>(*op.waiter));
    if (!former) return conclude(op, py::raised, result);
  }
  op.stand_in = nullptr;
  return begin(op, result);
}

// The future, or what would be its end, has come to `outcome` (empty: the error is set).
PySendResult conclude(Operation& op, Ref<> outcome, PyObject** result) noexcept {
  op.phase = Phase::running;
  if (!outcome) {
    trace_place(op.data->state, op.kind->place);
  } else if (op.kind->finish != nullptr) {
    outcome = op.kind->finish(op, std::move(outcome));
    if (!outcome && PyErr_Occurred() == nullptr) return begin_again(op, result);
  }
  end(op);
  *result = outcome.release();
  return *result != nullptr ? PYGEN_RETURN : PYGEN_ERROR;
}

// The collector sees what it refers to. Where it does not, nothing will wake the operation either.
bool is_seen(Operation& op) noexcept {
  return PyType_IS_GC(Py_TYPE(object_of(op))) != 0 || op.kind->is_kept_by_loop(op);
}

// The future for who drives the coroutine without a task. Empty: error set.
Ref<> future_of(Operation& op) noexcept {
  if (op.stand_in) return op.stand_in.share();
  if (op.waiter != nullptr) return future_in_place(op, static_cast<TaskData&>(*op.waiter));
  Ref<> made = new_future(*op.data, op.loop.get());
  if (!made) return py::raised;
  future_data(made.get()).state.blocking = op.yielded;
  if (is_seen(op)) op.stand_in = made.share();
  return made;
}

// Somebody sends although nothing has woken the operation. A future's iterator gives the future
// again, if whoever got it has taken it, and fails otherwise.
PySendResult send_early(Operation& op, PyObject** result) noexcept {
  Ref<> awaited = future_of(op);
  if (!awaited) return PYGEN_ERROR;
  FutureData& future = future_data(awaited.get());
  if (future.state.pending()) {
    if (!std::exchange(future.state.blocking, true)) {
      *result = awaited.release();
      return PYGEN_NEXT;
    }
    py::raise(PyExc_RuntimeError, "await wasn't used with future");
    return conclude(op, py::raised, result);
  }
  Ref<> value;
  if (future_outcome(future, value) == Outcome::exception) {
    py::raise_exception(value.get());
    value = nullptr;
  }
  return conclude(op, std::move(value), result);
}

// 0, or -1 with asyncio's error for a coroutine that is running or has ended.
int check_resumable(Operation& op) noexcept {
  if (op.phase == Phase::running) {
    return py::raise(PyExc_ValueError, "coroutine already executing");
  }
  if (op.phase == Phase::finished) {
    return py::raise(PyExc_RuntimeError, "cannot reuse already awaited coroutine");
  }
  return 0;
}

PySendResult send_value(PyObject* self, PyObject* value, PyObject** result) noexcept {
  Operation& op = operation(self);
  *result = nullptr;
  switch (op.phase) {
    case Phase::created:
      return start(op, result);
    case Phase::delegated:
      return send_delegate(op, value, result);
    case Phase::woken:
      op.phase = Phase::running;
      return conclude(op, outcome_of(op), result);
    case Phase::suspended:
      return send_early(op, result);
    case Phase::running:
    case Phase::finished:
      break;
  }
  check_resumable(op);
  return PYGEN_ERROR;
}

PyObject* next(PyObject* self) noexcept {
  PyObject* result = nullptr;
  if (send_value(self, Py_None, &result) != PYGEN_RETURN) return result;
  // Which loop's it is, is known from the first resumption on.
  LoopData* data = operation(self).data;
  return py::next_returned(py::steal(result), data != nullptr ? &data->state.stop : nullptr);
}

Ref<> send(PyObject* self, PyObject* value) noexcept {
  Operation& op = operation(self);
  if (op.phase == Phase::created && value != Py_None) {
    return py::raise(PyExc_TypeError, "can't send non-None value to a just-started coroutine");
  }
  Ref<> sent = py::send_from_send(self, value, send_value);
  return op.data != nullptr ? yielded_to_python(op.data->state, std::move(sent)) : std::move(sent);
}

Ref<> throw_into(PyObject* self, Args args) noexcept {
  Operation& op = operation(self);
  if (op.phase == Phase::delegated) {
    Ref<> method = py::steal(PyObject_GetAttrString(op.stand_in.get(), "throw"));
    if (!method) return py::raised;
    return py::steal(PyObject_Vectorcall(method.get(), args.data(),
                                         static_cast<std::size_t>(args.count()), nullptr));
  }
  const bool waits = op.phase == Phase::suspended || (op.phase == Phase::woken && !op.bare);
  if (version::kThrowLooksAtStateFirst && check_resumable(op) < 0) return py::raised;
  Ref<> exception =
      py::thrown_exception(args, waits ? py::Thrower::future_iterator : py::Thrower::coroutine);
  if (!waits && (!exception || check_resumable(op) < 0)) return py::raised;
  if (exception) py::raise_exception(exception.get());
  if (!waits) {
    if (State* state = state_of_type(Py_TYPE(self))) {
      op.bare ? trace_place(*state, op.kind->place_of_bare)
              : trace_beginning(*state, op.kind->place);
    }
    if (op.bare || !version::kUnbegunPassesStopIteration) {
      py::forbid_stop_iteration(op.bare ? "generator" : "coroutine");
    }
    end(op);
    return py::raised;
  }
  // A StopIteration that is thrown into a future's iterator is taken for its result.
  PyObject* result = nullptr;
  const PySendResult sent = conclude(op, py::take_stop_iteration(), &result);
  return yielded_to_python(op.data->state, py::method_result(sent, py::steal(result)));
}

Ref<> close(PyObject* self) noexcept {
  Operation& op = operation(self);
  if (op.phase == Phase::delegated) {
    return py::steal(PyObject_CallMethod(op.stand_in.get(), "close", nullptr));
  }
  if (op.phase == Phase::running) {
    check_resumable(op);
    return py::raised;
  }
  end(op);
  return py::none();
}

PyObject* repr(PyObject* self) noexcept {
  return repr_at(operation(self).kind->place, self).release();
}

int traverse(PyObject* self, visitproc visit, void* arg) noexcept {
  Operation& op = operation(self);
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(op.loop.get());
  Py_VISIT(op.stand_in.get());
  Py_VISIT(op.cancel_message.get());
  if (op.waiter != nullptr) {
    if (int result = visit_share(*op.waiter, visit, arg)) return result;
  }
  return op.kind != nullptr ? op.kind->traverse(op, visit, arg) : 0;
}

int clear(PyObject* self) noexcept {
  Operation& op = operation(self);
  if (op.kind != nullptr) {
    op.kind->abandon(op);
    op.kind->clear(op);
  }
  if (op.phase != Phase::delegated) {
    op.phase = Phase::finished;
    op.stand_in = nullptr;
  }
  if (Waiter* waiter = std::exchange(op.waiter, nullptr)) waiter->drop();
  op.loop = nullptr;
  op.cancel_message = nullptr;
  return 0;
}

void finalize(PyObject* self) noexcept {
  Operation& op = operation(self);
  if (op.phase != Phase::created || op.kind == nullptr) return;
  warn_never_awaited(op.kind->place, self);
}

void dealloc(PyObject* self) noexcept {
  py::DeallocScope scope(self, dealloc);
  if (scope.postponed()) return;
  Operation& op = operation(self);
  py::clear_weak_references(self, op.weak_references);
  // Only one that never began has something to say.
  if (op.phase == Phase::created && PyObject_CallFinalizerFromDealloc(self) < 0) return;
  if (PyType_IS_GC(Py_TYPE(self))) PyObject_GC_UnTrack(self);
  Ref<> loop = op.loop.share();  // the list lives as long as a loop
  clear(self);
  op.stand_in = nullptr;
  if (loop) op.data->state.stop.empty();
  if (!loop || op.kind->recycle == nullptr || !op.kind->recycle(op)) py::free_object(self);
}

PyMethodDef methods[] = {
    py::method<send>("send",
                     "send(arg) -> send 'arg' into coroutine,\nreturn next yielded value "
                     "or raise StopIteration."),
    py::method<throw_into>("throw",
                           "throw(value)\n\nRaise exception in coroutine, return next "
                           "yielded value or raise\nStopIteration."),
    py::method<close>("close", "close() -> raise GeneratorExit inside coroutine."),
    py::method<refuse_to_reduce>("__reduce_ex__", nullptr),
    {}};
PyMemberDef members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(Operation, weak_references), READONLY, nullptr},
    {}};
PyType_Slot slots[] = {{Py_tp_finalize, reinterpret_cast<void*>(finalize)},
                       {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
                       {Py_tp_repr, reinterpret_cast<void*>(repr)},
                       // For `yield from` in the generators of types.coroutine().
                       {Py_tp_iter, reinterpret_cast<void*>(PyObject_SelfIter)},
                       {Py_am_await, reinterpret_cast<void*>(PyObject_SelfIter)},
                       {Py_am_send, reinterpret_cast<void*>(send_value)},
                       {Py_tp_iternext, reinterpret_cast<void*>(next)},
                       {Py_tp_methods, methods},
                       {Py_tp_members, members},
                       {Py_tp_getset, operation_attributes},
                       {0, nullptr}};
// Without a tp_dealloc of their own derived types get subtype_dealloc(), which finalises, too.
PyType_Slot collected_slots[] = {{Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
                                 {Py_tp_traverse, reinterpret_cast<void*>(traverse)},
                                 {Py_tp_clear, reinterpret_cast<void*>(clear)},
                                 {0, nullptr}};
PyType_Slot other_slots[] = {{Py_tp_dealloc, reinterpret_cast<void*>(dealloc)}, {0, nullptr}};
constexpr unsigned kFlags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION;

}  // namespace

LoopData* driving_loop() noexcept {
  if (stepping.task == nullptr || stepping.data == nullptr || !stepping.data->native()) {
    return nullptr;
  }
  PyObject* current = current_task(*stepping.data, stepping.data->object);
  return current == stepping.task ? stepping.data : nullptr;
}

int visit_through(Operation& op, visitproc visit, void* arg) noexcept {
  PyObject* self = object_of(op);
  return PyType_IS_GC(Py_TYPE(self)) ? visit(self, arg) : traverse(self, visit, arg);
}

int visit_orphan(Operation& op, visitproc visit, void* arg) noexcept {
  PyObject* self = object_of(op);
  if (PyType_IS_GC(Py_TYPE(self)) || op.kind->is_kept_by_loop(op)) return 0;
  return traverse(self, visit, arg);
}

bool attach(Operation& op, Waiter& waiter) noexcept {
  if (op.phase != Phase::suspended || !op.yielded || op.waiter != nullptr) return false;
  op.yielded = false;
  op.waiter = &waiter;
  return true;
}

void detach(Operation& op, Waiter& waiter) noexcept {
  if (op.waiter != &waiter) return;
  op.waiter = nullptr;
  waiter.drop();
}

bool waits(Operation& op) noexcept {
  return op.phase == Phase::suspended &&
         (!op.stand_in || future_data(op.stand_in.get()).state.pending());
}

namespace {

// As what the operation has come to.
int finish_future(Operation& op, PyObject* future) noexcept {
  if (Ref<> value = outcome_of(op)) {
    return finish_with_result(future_data(future), std::move(value));
  }
  Ref<> exception = py::fetch_error();
  return finish_with_exception(future_data(future), exception.get());
}

// The same of one whose task was woken before the future was made.
int finish_late(Operation& op, PyObject* future) noexcept {
  if (op.cancelled) return cancel_future(future_data(future), op.cancel_message.get());
  if (op.phase != Phase::woken) return finish_with_result(future_data(future), py::none());
  return finish_future(op, future);
}

}  // namespace

Ref<> future_in_place(Operation& op, TaskData& awaiter) noexcept {
  Ref<> keep = py::borrow(object_of(op));
  Ref<> made = new_future(*op.data, op.loop.get());
  if (!made) return py::raised;
  FutureData& future = future_data(made.get());
  future.source_traceback = nullptr;  // that of a mere look
  if (op.waiter == &awaiter) {
    op.waiter = nullptr;
    if (op.phase == Phase::suspended && is_seen(op)) op.stand_in = made.share();
    show_awaiting(made.get(), object_of(awaiter));
    // Pending: nothing is scheduled and nothing can fail.
    [[maybe_unused]] const int added = add_waiter(future, awaiter);
  } else if (finish_late(op, made.get()) < 0) {
    return py::raised;
  }
  awaiter.awaited = made.share();
  return made;
}

Ref<> awaited_future(Operation& op) noexcept {
  return op.phase == Phase::suspended ? future_of(op) : new_future(*op.data, op.loop.get());
}

Ref<> yielded_to_python(State& state, Ref<> value) noexcept {
  if (!value || !is_operation(state, Py_TYPE(value.get()))) return value;
  Operation& op = operation(value.get());
  return op.phase == Phase::suspended ? future_of(op) : std::move(value);
}

int wake(Operation& op) noexcept {
  if (!waits(op)) return 0;
  op.phase = Phase::woken;
  if (Ref<> future = std::move(op.stand_in)) return finish_future(op, future.get());
  Waiter* waiter = std::exchange(op.waiter, nullptr);
  if (waiter == nullptr) return 0;
  Ref<> self = py::borrow(object_of(op));
  return schedule(*op.data, op.loop.get(), *waiter);
}

void forget_future(Operation& op) noexcept {
  if (op.phase != Phase::delegated) op.stand_in = nullptr;
}

void wake_from_loop(Operation& op) noexcept {
  if (wake(op) < 0) py::write_unraisable(object_of(op));
}

int cancel(Operation& op, PyObject* message) noexcept {
  if (op.waiter == nullptr) return 0;
  Ref<> self = py::borrow(object_of(op));
  op.cancelled = true;
  op.cancel_message = py::borrow(message);
  if (op.phase == Phase::suspended) {
    op.phase = Phase::woken;
    op.kind->abandon(op);
  }
  Waiter* waiter = std::exchange(op.waiter, nullptr);
  if (waiter == nullptr) return 1;
  return schedule(*op.data, op.loop.get(), *waiter) < 0 ? -1 : 1;
}

Ref<> cancellation(Operation& op) noexcept {
  if (!op.cancelled) return nullptr;
  PyObject* type = op.data->state.cancelled_error.get();
  PyObject* message = op.cancel_message.get();
  return message == nullptr || message == Py_None ? py::call(type) : py::call(type, message);
}

Ref<> new_operation(PyTypeObject* type, const OperationKind& kind) noexcept {
  return begin_operation(py::steal(type->tp_alloc(type, 0)), kind);
}

Ref<> begin_operation(Ref<> made, const OperationKind& kind) noexcept {
  if (!made) return py::raised;
  Operation& op = operation(made.get());
  op.kind = &kind;
  op.data = nullptr;  // memory that is used again has that of a loop which may be gone
  op.phase = Phase::created;
  op.cancelled = op.yielded = op.bare = false;
  return made;
}

Ref<PyTypeObject> new_operation_type(PyObject* module) noexcept {
  PyType_Spec spec = {"phaseloop._native._Operation", sizeof(Operation), 0,
                      kFlags | Py_TPFLAGS_BASETYPE, slots};
  return derive_type(module, spec, nullptr);
}

Ref<PyTypeObject> derive_operation_type(State& state, PyObject* module, const char* name,
                                        std::size_t size, bool collected) noexcept {
  PyType_Spec spec = {name, static_cast<int>(size), 0,
                      static_cast<unsigned>(kFlags | (collected ? Py_TPFLAGS_HAVE_GC : 0)),
                      collected ? collected_slots : other_slots};
  return derive_type(module, spec, state.operation_type.obj());
}

}  // namespace phaseloop
