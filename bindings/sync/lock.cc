#include "bindings/sync/lock.h"

#include "bindings/core/core_type.h"
#include "bindings/py/call.h"
#include "bindings/py/field.h"
#include "bindings/routine/routine.h"
#include "bindings/sync/sync.h"

namespace phaseloop {
namespace {

using py::Args;

LockCore& lock_of(PyObject* self) noexcept { return *reinterpret_cast<LockCore*>(self); }

int wake_up_first(State& state, LockCore& lock) noexcept {
  const int waits = anybody_in(state, lock.waiters);
  if (waits <= 0) return waits;
  Ref<> first = first_in(state, lock.waiters);
  return first && wake_future(state, first.get(), Py_True) >= 0 ? 0 : -1;
}

// The lock is free and its turn may have been this one's: it goes to the next.
// An error of that replaces the pending one, as it does in asyncio's `except` clause.
void pass_on(State& state, LockCore& lock) noexcept {
  if (lock.locked) return;
  Ref<> error = py::fetch_error();
  if (wake_up_first(state, lock) < 0) return py::chain_pending(error.get());
  py::restore_error(std::move(error));
}

// `entered`: what __aenter__ returns instead of True.
Body acquire(Call&, LockCore& lock, bool entered) {
  Routine& self = co_await this_routine;
  State& state = *self.state;
  const int available = lock_available(state, lock);
  if (available < 0) co_return py::raised;
  if (available == 0) {
    self.keep[0] = add_waiter_future(state, lock);
    if (!self.keep[0]) co_return py::raised;
    const bool woken = co_await await_on(self, self.keep[0].get());
    const int removed = remove_future(state, lock.waiters.get(), self.keep[0].get());
    if (!woken) {
      if (PyErr_ExceptionMatches(state.cancelled_error.get()) != 0) pass_on(state, lock);
      co_return py::raised;
    }
    if (removed < 0) co_return py::raised;
  }
  lock.locked = true;
  co_return entered ? py::none() : py::boolean(true);
}

Body leave(Call&, LockCore& lock) {
  Routine& self = co_await this_routine;
  if (release_lock(*self.state, lock) < 0) co_return py::raised;
  co_return py::none();
}

// --- the methods ------------------------------------------------------------------------------

LockCore* self_of(State& state, Args args) noexcept {
  PyObject* self = only_self(args, state.lock_core);
  return self != nullptr ? &lock_of(self) : nullptr;
}

Ref<> call_acquire(State& state, Args args) noexcept {
  LockCore* lock = self_of(state, args);
  return lock != nullptr ? acquire_lock(state, *lock) : nullptr;
}

Ref<> call_release(State& state, Args args) noexcept {
  LockCore* lock = self_of(state, args);
  if (lock == nullptr || release_lock(state, *lock) < 0) return nullptr;
  return py::none();
}

Ref<> call_locked(State& state, Args args) noexcept {
  LockCore* lock = self_of(state, args);
  return lock != nullptr ? py::boolean(lock->locked) : nullptr;
}

Ref<> call_enter(State& state, Args args) noexcept {
  LockCore* lock = self_of(state, args);
  if (lock == nullptr || !is_exactly(args[0], state.lock_core)) return nullptr;
  return enter_lock(state, *lock, args[0]);
}

Ref<> call_exit(State& state, Args args) noexcept {
  if (args.count() != 4 || args.keyword_count() != 0) return nullptr;
  if (!is_exactly(args[0], state.lock_core)) return nullptr;
  return leave_lock(state, lock_of(args[0]), args[0]);
}

Ref<> call_init(State& state, Args args) noexcept {
  LockCore* lock = self_of(state, args);
  if (lock == nullptr) return nullptr;
  lock->waiters = nullptr;
  lock->locked = false;
  return py::none();
}

constexpr Implementation kFunctions[] = {
    {"Lock.__init__", call_init}, {"Lock.acquire", call_acquire},  {"Lock.release", call_release},
    {"Lock.locked", call_locked}, {"Lock.__aenter__", call_enter}, {"Lock.__aexit__", call_exit}};

}  // namespace

int lock_available(State& state, LockCore& lock) noexcept {
  if (lock.locked) return 0;
  const int waits = anybody_in(state, lock.waiters);
  if (waits <= 0) return waits < 0 ? -1 : 1;
  Ref<> futures = py::steal(PyObject_GetIter(lock.waiters.get()));
  if (!futures) return -1;
  while (Ref<> future = py::steal(PyIter_Next(futures.get()))) {
    const int cancelled = is_cancelled(state, future.get());
    if (cancelled <= 0) return cancelled;
  }
  return PyErr_Occurred() == nullptr ? 1 : -1;
}

int release_lock(State& state, LockCore& lock) noexcept {
  if (!lock.locked) return py::raise(PyExc_RuntimeError, "Lock is not acquired.");
  lock.locked = false;
  return wake_up_first(state, lock);
}

Ref<> acquire_lock(State& state, LockCore& lock) noexcept {
  Call call{state, "Lock.acquire@0", object_of(lock)};
  return acquire(call, lock, false).object;
}

Ref<> enter_lock(State& state, LockCore& lock, PyObject* self) noexcept {
  Call call{state, "_ContextManagerMixin.__aenter__@0 Lock.acquire@0", self};
  return acquire(call, lock, true).object;
}
Ref<> leave_lock(State& state, LockCore& lock, PyObject* self) noexcept {
  Call call{state, "_ContextManagerMixin.__aexit__", self};
  return leave(call, lock).object;
}

std::span<const Implementation> lock_functions() noexcept { return kFunctions; }

Ref<PyTypeObject> new_lock_core(PyObject* module) noexcept {
  static PyGetSetDef fields[] = {py::object_field<&LockCore::loop>("_loop"),
                                 py::object_field<&LockCore::waiters>("_waiters"),
                                 py::bool_field<&LockCore::locked>("_locked"),
                                 {}};
  return new_core_type<LockCore>(module, "phaseloop._native.LockCore", fields);
}

}  // namespace phaseloop
