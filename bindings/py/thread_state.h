// asyncio's fields in the thread state (CPython 3.14 and newer), read and written in place.
//
// CPython offers no call for this that costs less than ten times as much, and it is paid on every
// step of every task. The offsets are those of the headers we are built with; whoever uses them
// checks once that the running interpreter agrees.
#pragma once

#include "bindings/py/ref.h"

#if PY_VERSION_HEX >= 0x030e0000
#ifndef Py_BUILD_CORE
#define Py_BUILD_CORE 1
#endif
#include <internal/pycore_tstate.h>
#endif

namespace phaseloop::py {

class RunningTask {
 public:
#if PY_VERSION_HEX >= 0x030e0000
  RunningTask() noexcept
      : thread_(reinterpret_cast<_PyThreadStateImpl*>(PyThreadState_GetUnchecked())) {}
  PyObject* loop() const noexcept { return thread_->asyncio_running_loop; }
  PyObject* task() const noexcept { return thread_->asyncio_running_task; }
  Ref<> exchange(Ref<> task) noexcept {
    return steal(std::exchange(thread_->asyncio_running_task, task.release()));
  }

 private:
  _PyThreadStateImpl* thread_;
#else
  PyObject* loop() const noexcept { return nullptr; }
  PyObject* task() const noexcept { return nullptr; }
  Ref<> exchange(Ref<>) noexcept { return nullptr; }
#endif
};

}  // namespace phaseloop::py
