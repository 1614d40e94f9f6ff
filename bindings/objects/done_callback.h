// A Python callable that waits for a future: add_done_callback().
#pragma once

#include "bindings/core/work.h"
#include "bindings/objects/future.h"
#include "runtime/task/waiter.h"

namespace phaseloop {

// Owned by the future's waiter list, later by the ready queue; only then does it hold the future,
// which it is called with.
struct DoneCallback : Waiter {
  DoneCallback(Ref<> fn, Ref<> own_context) noexcept;

  Ref<> callback, context;
  Ref<> future;  // once scheduled

  auto refs() { return std::tie(callback, context, future); }
};

// Null, with MemoryError set, if out of memory.
DoneCallback* new_done_callback(PyObject* callback, PyObject* context) noexcept;
// The pending error came out of a callback of the finished future: the exception handler hears of
// it as of asyncio's handle. `stand_in`: the same of work that stands for a callback of asyncio's.
void future_callback_failed(FutureData& future, PyObject* callback, PyObject* context) noexcept;
void future_stand_in_failed(FutureData& future, Runnable& stand_in) noexcept;
// Null if the waiter is of another kind.
DoneCallback* as_done_callback(Waiter& waiter) noexcept;

}  // namespace phaseloop
