// Timeout: asyncio.timeout()'s context manager, whose deadline is a timer of the loop's own.
//
// Native is what happens when nothing times out, and the timer; an expired timeout is asyncio's own
// code at work on the same attributes. Thread: the loop's.
#pragma once

#include <span>

#include "bindings/core/loop_data.h"
#include "bindings/py/ref.h"
#include "bindings/routine/function.h"
#include "runtime/loop/timer_heap.h"

namespace phaseloop {

struct TimeoutCore;
PyObject* object_of(TimeoutCore& timeout) noexcept;

// `async with timeout(seconds)` entered by the task that is running on `data`, for those who do not
// need the context manager themselves.
Ref<> enter_timeout(LoopData& data, double seconds) noexcept;
// Leaves it, if it has not expired: true. False: __aexit__() has to judge what is being raised.
bool leave_timeout(PyObject* timeout) noexcept;

std::span<const Implementation> timeout_functions() noexcept;
Ref<PyTypeObject> new_timeout_core(PyObject* module) noexcept;

}  // namespace phaseloop
