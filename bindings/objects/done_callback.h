// A Python callable that waits for a future: add_done_callback().
#pragma once

#include "bindings/core/work.h"
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
// Null if the waiter is of another kind.
DoneCallback* as_done_callback(Waiter& waiter) noexcept;

}  // namespace phaseloop
