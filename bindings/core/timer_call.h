// A native timer as a callback: what stands in TimerHandle._callback for a timer that has no handle
// (a sleep, a timeout), where a program or asyncio's own code looks at a loop's timers.
//
// Owner: whoever refers to it; it owns the timer's owner. Thread: the loop's.
#pragma once

#include "bindings/core/loop_data.h"
#include "runtime/loop/timer_heap.h"

namespace phaseloop {

// REQUIRES: timer.armed() on the loop. Called, it fires the timer ahead of the loop, if the timer
// is still armed as it is now.
Ref<> new_timer_call(LoopData& data, PyObject* owner, Timer& timer) noexcept;
// If `callback` is one: its timer will not fire.
void cancel_timer_call(State& state, PyObject* callback) noexcept;

Ref<PyTypeObject> new_timer_call_type(PyObject* module) noexcept;

}  // namespace phaseloop
