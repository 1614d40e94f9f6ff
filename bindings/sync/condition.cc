#include "bindings/core/core_type.h"
#include "bindings/py/call.h"
#include "bindings/py/field.h"
#include "bindings/routine/routine.h"
#include "bindings/sync/lock.h"
#include "bindings/sync/sync.h"

namespace phaseloop {
namespace {

using py::Args;

// `locked`, `acquire` and `release` are attributes of the instance, taken from the lock.
struct ConditionCore : LoopBound {
  Ref<> lock;
  auto refs() { return std::tie(loop, waiters, lock); }
};

ConditionCore& condition_of(PyObject* self) noexcept {
  return *reinterpret_cast<ConditionCore*>(self);
}

// The lock, if it is one of ours whose methods nobody has overridden. Owned, for Python code may
// give the condition another one at any time.
Ref<LockCore> native_lock(State& state, ConditionCore& condition) noexcept {
  PyObject* lock = condition.lock.get();
  if (lock == nullptr || !is_exactly(lock, state.lock_core)) return nullptr;
  return py::borrow(reinterpret_cast<LockCore*>(lock));
}

// 0, or -1 with RuntimeError if the lock is not held.
int check_locked(State& state, ConditionCore& condition, const char* verb) noexcept {
  Ref<LockCore> lock = native_lock(state, condition);
  const int locked =
      lock ? lock->locked
           : py::truth(py::call_method(object_of(condition), state.names.locked.get()));
  if (locked != 0) return locked < 0 ? -1 : 0;
  return py::raise(PyExc_RuntimeError, "cannot %s on un-acquired lock", verb);
}

int release(State& state, ConditionCore& condition) noexcept {
  if (Ref<LockCore> lock = native_lock(state, condition)) return release_lock(state, *lock);
  return py::call_method(object_of(condition), state.names.release.get()) ? 0 : -1;
}

// What to await to have the lock again; None: it is had at once.
Ref<> reacquire(State& state, ConditionCore& condition) noexcept {
  Ref<LockCore> lock = native_lock(state, condition);
  if (!lock) return py::call_method(object_of(condition), state.names.acquire.get());
  const int available = lock_available(state, *lock);
  if (available < 0) return py::raised;
  if (available == 0) return acquire_lock(state, *lock);
  lock->locked = true;
  return py::none();
}

// Notifies somebody else in place of a waiter that leaves with the pending error. An error of that
// replaces the pending one, as it does in asyncio's `except` clause.
void notify_another(State& state, ConditionCore& condition) noexcept {
  if (!state.condition_renotifies) return;
  Ref<> error = py::fetch_error();
  if (wake_futures(state, condition.waiters.get(), 1, Py_False) < 0) {
    return py::chain_pending(error.get());
  }
  py::restore_error(std::move(error));
}

constexpr Place kReacquires = "Condition.wait@1";

// keep[0]: what is awaited; keep[1]: the error of the wait; keep[2]: the last cancellation of the
// acquire.
Body wait_for_notify(Call&, ConditionCore& condition) {
  Routine& self = co_await this_routine;
  State& state = *self.state;
  if (check_locked(state, condition, "wait") < 0) co_return py::raised;
  self.keep[0] = add_waiter_future(state, condition);
  if (!self.keep[0]) co_return py::raised;
  if (release(state, condition) < 0) {
    remove_future(state, condition.waiters.get(), self.keep[0].get());
    notify_another(state, condition);
    co_return py::raised;
  }
  if (!co_await await_on(self, self.keep[0].get())) self.keep[1] = py::fetch_error();
  if (remove_future(state, condition.waiters.get(), self.keep[0].get()) < 0) {
    if (self.keep[1]) py::chain_pending(self.keep[1].get());
    self.keep[1] = py::fetch_error();
  }
  // The lock must be had again, even by who was cancelled.
  for (;;) {
    self.keep[0] = reacquire(state, condition);
    const bool at_once = self.keep[0].get() == Py_None;
    if (at_once || (self.keep[0] && co_await await_on(self, self.keep[0].get(), kReacquires)))
      break;
    py::chain_pending(self.keep[2] ? self.keep[2].get() : self.keep[1].get());
    Ref<> error = py::fetch_error();
    if (PyErr_GivenExceptionMatches(error.get(), state.cancelled_error.get()) == 0) {
      raise_again(self, std::move(error));
      notify_another(state, condition);
      co_return py::raised;
    }
    self.keep[2] = std::move(error);
  }
  if (!self.keep[1] && !self.keep[2]) co_return py::boolean(true);
  if (self.keep[2] && !state.condition_renotifies) {
    PyErr_SetNone(state.cancelled_error.get());  // which older versions raise anew
    py::chain_pending(self.keep[1].get());
    co_return raised_at(self, self.place);
  }
  const bool again = static_cast<bool>(self.keep[2]);
  raise_again(self, std::move(again ? self.keep[2] : self.keep[1]));
  if (again) raised_at(self, self.place, "err");
  notify_another(state, condition);
  co_return py::raised;
}

// keep[1]: the predicate.
Body wait_for_predicate(Call&, ConditionCore& condition) {
  Routine& self = co_await this_routine;
  for (;;) {
    Ref<> answer = py::call(self.keep[1].get());
    if (!answer) {
      co_return failed_at(self, self.keep[0] ? "Condition.wait_for@call:predicate:1"
                                             : "Condition.wait_for@call:predicate:0");
    }
    const int truth = py::truth(answer);
    if (truth < 0) co_return py::raised;
    if (truth > 0) co_return answer;
    answer = nullptr;
    self.keep[0] = py::call_method(object_of(condition), self.state->names.wait.get());
    if (!self.keep[0] || !co_await await_on(self, self.keep[0].get())) co_return py::raised;
  }
}

// --- the methods ------------------------------------------------------------------------------

ConditionCore* self_of(State& state, Args args) noexcept {
  PyObject* self = only_self(args, state.condition_core);
  return self != nullptr ? &condition_of(self) : nullptr;
}

Ref<> call_wait(State& state, Args args) noexcept {
  ConditionCore* condition = self_of(state, args);
  if (condition == nullptr) return nullptr;
  Call call{state, "Condition.wait@0", args[0]};
  return wait_for_notify(call, *condition).object;
}

Ref<> call_wait_for(State& state, Args args) noexcept {
  if (args.count() != 2 || args.keyword_count() != 0) return nullptr;
  if (PyObject_TypeCheck(args[0], state.condition_core.get()) == 0) return nullptr;
  Call call{state, "Condition.wait_for@0", args[0]};
  Ref<> made = wait_for_predicate(call, condition_of(args[0])).object;
  if (made) call.made->keep[1] = py::borrow(args[1]);
  return made;
}

Ref<> notify(State& state, ConditionCore& condition, Py_ssize_t count) noexcept {
  if (check_locked(state, condition, "notify") < 0) return py::raised;
  if (wake_futures(state, condition.waiters.get(), count, Py_False) < 0) return py::raised;
  return py::none();
}

Ref<> call_notify(State& state, Args args) noexcept {
  if (args.count() < 1 || args.count() > 2 || args.keyword_count() != 0) return nullptr;
  if (PyObject_TypeCheck(args[0], state.condition_core.get()) == 0) return nullptr;
  Py_ssize_t count = 1;
  if (args.count() == 2) {
    if (!PyLong_CheckExact(args[1])) return nullptr;
    count = PyLong_AsSsize_t(args[1]);
    if (count == -1 && PyErr_Occurred() != nullptr) {
      py::ignore_error();  // so many that it is asyncio's business
      return nullptr;
    }
  }
  return notify(state, condition_of(args[0]), count < 0 ? 0 : count);
}

Ref<> call_notify_all(State& state, Args args) noexcept {
  ConditionCore* condition = self_of(state, args);
  if (condition == nullptr || !is_exactly(args[0], state.condition_core)) return nullptr;
  Ref<> waiters = py::or_none(condition->waiters.get());
  const Py_ssize_t count = PyObject_Size(waiters.get());
  return count < 0 ? nullptr : notify(state, *condition, count);
}

Ref<> call_enter(State& state, Args args) noexcept {
  ConditionCore* condition = self_of(state, args);
  Ref<LockCore> lock = condition != nullptr ? native_lock(state, *condition) : nullptr;
  return lock ? enter_lock(state, *lock, lock.obj()) : nullptr;
}

Ref<> call_exit(State& state, Args args) noexcept {
  if (args.count() != 4 || args.keyword_count() != 0) return nullptr;
  if (PyObject_TypeCheck(args[0], state.condition_core.get()) == 0) return nullptr;
  Ref<LockCore> lock = native_lock(state, condition_of(args[0]));
  return lock ? leave_lock(state, *lock, lock.obj()) : nullptr;
}

// Without a lock given, one of ours.
Ref<> call_init(State& state, Args args) noexcept {
  if (args.count() != 1 || args.keyword_count() != 0 || !state.lock_class) return nullptr;
  Ref<> init = py::attribute(state.stock_condition.get(), state.names.__init__.get());
  Ref<> lock = init ? py::call(state.lock_class.get()) : nullptr;
  return lock ? py::call(init.get(), args[0], lock.get()) : nullptr;
}

constexpr Implementation kFunctions[] = {
    {"Condition.__init__", call_init},

    {"Condition.wait", call_wait},        {"Condition.wait_for", call_wait_for},
    {"Condition.notify", call_notify},    {"Condition.notify_all", call_notify_all},
    {"Condition.__aenter__", call_enter}, {"Condition.__aexit__", call_exit}};

}  // namespace

std::span<const Implementation> condition_functions() noexcept { return kFunctions; }

Ref<PyTypeObject> new_condition_core(PyObject* module) noexcept {
  static PyGetSetDef fields[] = {py::object_field<&ConditionCore::loop>("_loop"),
                                 py::object_field<&ConditionCore::waiters>("_waiters"),
                                 py::object_field<&ConditionCore::lock>("_lock"),
                                 {}};
  return new_core_type<ConditionCore>(module, "phaseloop._native.ConditionCore", fields);
}

}  // namespace phaseloop
