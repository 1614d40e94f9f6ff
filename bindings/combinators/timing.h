// Timers of operations, and seconds given by users.
#pragma once

#include "bindings/core/loop_data.h"
#include "bindings/core/work.h"
#include "bindings/objects/operation.h"
#include "runtime/loop/timer_heap.h"

namespace phaseloop {

// False: not a plain int or float (or an int beyond a double): asyncio's own code knows what to do.
bool as_seconds(PyObject* number, double& seconds) noexcept;

// The timer fires `seconds` from now; it holds a share in `owner` while armed. 0 or -1.
int arm_after(LoopData& data, PyObject* owner, Timer& timer, double seconds) noexcept;

// Takes the timer's share back if it is armed.
template <class Owner>
void disarm(Owner& owner, Timer& timer) noexcept {
  if (!timer.armed()) return;
  owner.data->events->disarm(timer);
  Ref<> share = py::steal(object_of(owner));
}

}  // namespace phaseloop
