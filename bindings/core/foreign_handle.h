// Handles that are not native, on a native loop: asyncio's own, and native ones that may be queued
// already.
//
// asyncio keeps one handle for a signal and queues it once for every signal that comes; a native
// handle has one link and can wait in a queue once. So each time is an object of its own here,
// which runs the handle as asyncio's loop does: not if it is cancelled, otherwise by its _run().
#pragma once

#include "bindings/core/loop_data.h"

namespace phaseloop {

// Schedules the handle to run once more. 0, or -1 with MemoryError. Thread: the loop's.
int schedule_handle(LoopData& data, PyObject* handle) noexcept;

Ref<PyTypeObject> new_foreign_handle_type(PyObject* module) noexcept;

}  // namespace phaseloop
