// TaskGroup: making a task in it, and counting the tasks that end well, are native. Entering,
// leaving and whatever goes wrong is asyncio's own code at work on the same attributes.
#pragma once

#include <span>

#include "bindings/routine/function.h"

namespace phaseloop {

std::span<const Implementation> task_group_functions() noexcept;
Ref<PyTypeObject> new_task_group_core(PyObject* module) noexcept;

}  // namespace phaseloop
