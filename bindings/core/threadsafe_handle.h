// The handle of call_soon_threadsafe() from CPython 3.14 on: cancel() and cancelled() from another
// thread wait while the callback runs, so that after them it either never runs or has run.
//
// asyncio's own takes a lock on every call; here the callback's thread is noted, and only who comes
// from another one at that very time waits.
#pragma once

#include <atomic>

#include "bindings/core/handle.h"

namespace phaseloop {

struct ThreadSafeHandleSlots : HandleSlots {
  Ref<> lock;  // asyncio's; empty here

  auto refs() { return std::tuple_cat(HandleSlots::refs(), std::tie(lock)); }
};

struct ThreadSafeHandle : ThreadSafeHandleSlots, Home, Runnable {
  std::atomic<unsigned long> runner;  // the thread that runs the callback now; 0: none
};

// As new_handle().
Ref<ThreadSafeHandle> new_threadsafe_handle(LoopData& data, PyObject* callback, Ref<> args,
                                            PyObject* context) noexcept;

Ref<PyTypeObject> new_threadsafe_handle_type(State& state, PyObject* module) noexcept;

}  // namespace phaseloop
