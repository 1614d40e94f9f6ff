#include "bindings/core/core_type.h"
#include "bindings/py/call.h"
#include "bindings/py/field.h"
#include "bindings/py/number.h"
#include "bindings/routine/routine.h"
#include "bindings/sync/loop_bound.h"
#include "bindings/sync/sync.h"

namespace phaseloop {
namespace {

using py::Args;

struct SemaphoreCore : LoopBound {
  py::Number value;
  auto refs() { return std::tie(loop, waiters, value.odd()); }
};

SemaphoreCore& semaphore_of(PyObject* self) noexcept {
  return *reinterpret_cast<SemaphoreCore*>(self);
}

// Somebody who has not been cancelled waits: 1, 0 or -1.
int has_waiters(State& state, SemaphoreCore& semaphore) noexcept {
  const int waits = anybody_in(state, semaphore.waiters);
  if (waits <= 0) return waits;
  Ref<> futures = py::steal(PyObject_GetIter(semaphore.waiters.get()));
  if (!futures) return -1;
  while (Ref<> future = py::steal(PyIter_Next(futures.get()))) {
    const int cancelled = is_cancelled(state, future.get());
    if (cancelled <= 0) return cancelled < 0 ? -1 : 1;
  }
  return PyErr_Occurred() == nullptr ? 0 : -1;
}

int is_locked(State& state, SemaphoreCore& semaphore) noexcept {
  const int none_left = semaphore.value.compare(Py_EQ);
  return none_left != 0 ? none_left : has_waiters(state, semaphore);
}

// The first that waits still takes one: 1; nobody does: 0; -1: error.
int wake_up_next(State& state, SemaphoreCore& semaphore) noexcept {
  const int waits = anybody_in(state, semaphore.waiters);
  if (waits <= 0) return waits;
  Ref<> futures = py::steal(PyObject_GetIter(semaphore.waiters.get()));
  if (!futures) return -1;
  while (Ref<> future = py::steal(PyIter_Next(futures.get()))) {
    const int done = is_done(state, future.get());
    if (done < 0) return -1;
    if (done != 0) continue;
    if (semaphore.value.add(-1) < 0) return -1;
    return wake_future(state, future.get(), Py_True) < 0 ? -1 : 1;
  }
  return PyErr_Occurred() == nullptr ? 0 : -1;
}

// What was taken for this one goes back, and on to others: the way of the running version.
int settle(State& state, SemaphoreCore& semaphore, PyObject* future, bool cancelled) noexcept {
  if (cancelled) {
    const int taken = is_cancelled(state, future) == 0 && is_done(state, future) > 0;
    if (taken != 0 && semaphore.value.add(1) < 0) return -1;
    if (!state.semaphore_wakes_many) return taken != 0 ? wake_up_next(state, semaphore) : 0;
  }
  for (;;) {
    const int some_left = semaphore.value.compare(Py_GT);
    if (some_left <= 0) return some_left;
    const int woken = wake_up_next(state, semaphore);
    if (woken <= 0 || !state.semaphore_wakes_many) return woken < 0 ? -1 : 0;
  }
}

// The same of one who leaves with the pending error. An error of its own is raised in that one's
// context.
void settle_error(State& state, SemaphoreCore& semaphore, PyObject* future) noexcept {
  const bool cancelled = PyErr_ExceptionMatches(state.cancelled_error.get()) != 0;
  if (!cancelled && !state.semaphore_wakes_many) return;
  Ref<> error = py::fetch_error();
  if (settle(state, semaphore, future, cancelled) < 0) {
    py::chain_pending(error.get());
  } else {
    py::restore_error(std::move(error));
  }
}

Body acquire(Call&, SemaphoreCore& semaphore, bool entered) {
  Routine& self = co_await this_routine;
  State& state = *self.state;
  const int locked = is_locked(state, semaphore);
  if (locked < 0) co_return py::raised;
  if (locked == 0) {
    if (semaphore.value.add(-1) < 0) co_return py::raised;
    co_return entered ? py::none() : py::boolean(true);
  }
  self.keep[0] = add_waiter_future(state, semaphore);
  if (!self.keep[0]) co_return py::raised;
  const bool woken = co_await await_on(self, self.keep[0].get());
  const int removed = remove_future(state, semaphore.waiters.get(), self.keep[0].get());
  if (!woken) {
    settle_error(state, semaphore, self.keep[0].get());
    co_return py::raised;
  }
  if (removed < 0 || settle(state, semaphore, self.keep[0].get(), false) < 0) co_return py::raised;
  co_return entered ? py::none() : py::boolean(true);
}

// release() may be overridden, by BoundedSemaphore first of all.
Body leave(Call&, SemaphoreCore& semaphore) {
  Routine& self = co_await this_routine;
  if (!py::call_method(object_of(semaphore), self.state->names.release.get())) {
    co_return failed_at(self, "_ContextManagerMixin.__aexit__@call:release");
  }
  co_return py::none();
}

// Null, too, if its value is no small int: then asyncio's own methods count.
SemaphoreCore* self_of(State& state, Args args) noexcept {
  PyObject* self = only_self(args, state.semaphore_core);
  return self != nullptr && semaphore_of(self).value.is_plain() ? &semaphore_of(self) : nullptr;
}

Ref<> make_acquire(State& state, Args args, const char* name, bool entered) noexcept {
  SemaphoreCore* semaphore = self_of(state, args);
  if (semaphore == nullptr || (entered && !is_exactly(args[0], state.semaphore_core))) {
    return nullptr;
  }
  Call call{state, name, args[0]};
  return acquire(call, *semaphore, entered).object;
}
Ref<> call_acquire(State& state, Args args) noexcept {
  return make_acquire(state, args, "Semaphore.acquire@0", false);
}
Ref<> call_enter(State& state, Args args) noexcept {
  return make_acquire(state, args, "_ContextManagerMixin.__aenter__@0 Semaphore.acquire@0", true);
}

Ref<> call_exit(State& state, Args args) noexcept {
  if (args.count() != 4 || args.keyword_count() != 0) return nullptr;
  if (!is_exactly(args[0], state.semaphore_core)) return nullptr;
  Call call{state, "_ContextManagerMixin.__aexit__", args[0]};
  return leave(call, semaphore_of(args[0])).object;
}

Ref<> call_release(State& state, Args args) noexcept {
  SemaphoreCore* semaphore = self_of(state, args);
  if (semaphore == nullptr) return nullptr;
  if (semaphore->value.add(1) < 0) return py::raised;
  return wake_up_next(state, *semaphore) < 0 ? Ref<>() : py::none();
}

Ref<> call_locked(State& state, Args args) noexcept {
  SemaphoreCore* semaphore = self_of(state, args);
  if (semaphore == nullptr) return nullptr;
  const int locked = is_locked(state, *semaphore);
  return locked < 0 ? Ref<>() : py::boolean(locked != 0);
}

constexpr Implementation kFunctions[] = {{"Semaphore.acquire", call_acquire},
                                         {"Semaphore.release", call_release},
                                         {"Semaphore.locked", call_locked},
                                         {"Semaphore.__aenter__", call_enter},
                                         {"Semaphore.__aexit__", call_exit}};

}  // namespace

std::span<const Implementation> semaphore_functions() noexcept { return kFunctions; }

Ref<PyTypeObject> new_semaphore_core(PyObject* module) noexcept {
  static PyGetSetDef fields[] = {py::object_field<&SemaphoreCore::loop>("_loop"),
                                 py::object_field<&SemaphoreCore::waiters>("_waiters"),
                                 py::number_field<&SemaphoreCore::value>("_value"),
                                 {}};
  return new_core_type<SemaphoreCore>(module, "phaseloop._native.SemaphoreCore", fields);
}

}  // namespace phaseloop
