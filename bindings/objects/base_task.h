// What `python -m asyncio ps` reads of a task, from outside the process (CPython 3.14 and newer):
// the coroutine and the name in _asyncio.Task's own storage. Left empty, they make it fail for
// every task of the process, so ours are shown there too.
#pragma once

#include "bindings/objects/task.h"

namespace phaseloop {

// Shows coroutine and name in the base's storage. 0 or -1. Does nothing before 3.14.
int show_in_base(TaskData& task) noexcept;
void show_name_in_base(TaskData& task) noexcept;
// When the module is initialised: 0, or -1 with ImportError if the layout is another.
int check_base_task_layout(State& state) noexcept;

}  // namespace phaseloop
