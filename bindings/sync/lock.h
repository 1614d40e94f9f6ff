// Lock's state, for those that hold one: Condition.
#pragma once

#include "bindings/sync/loop_bound.h"

namespace phaseloop {

struct LockCore : LoopBound {
  bool locked;
  auto refs() { return std::tie(loop, waiters); }
};

// Nobody has it and nobody who has not been cancelled waits for it: 1, 0 or -1.
int lock_available(State& state, LockCore& lock) noexcept;
// As Lock.release(). 0 or -1.
int release_lock(State& state, LockCore& lock) noexcept;
// A coroutine: Lock.acquire().
Ref<> acquire_lock(State& state, LockCore& lock) noexcept;
// What `async with lock` enters by, and leaves by.
Ref<> enter_lock(State& state, LockCore& lock, PyObject* self) noexcept;
Ref<> leave_lock(State& state, LockCore& lock, PyObject* self) noexcept;

}  // namespace phaseloop
