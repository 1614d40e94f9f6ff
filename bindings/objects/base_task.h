// What `python -m asyncio pstree` reads of a task, from outside the process (CPython 3.14 and
// newer), and what asyncio.capture_call_graph() reads within: in _asyncio's own storage the
// coroutine, the name, and who awaits. Left empty, the first two make it fail for every task of the
// process, so ours are shown there too.
#pragma once

#include "bindings/objects/task.h"

namespace phaseloop {

// Shows coroutine and name in the base's storage. 0 or -1. Does nothing before 3.14.
int show_in_base(TaskData& task) noexcept;
void show_name_in_base(TaskData& task) noexcept;
// The task awaits the future, both ours; no longer. An error of either shows nothing and is
// unraisable: it concerns no one who awaits. Do nothing before 3.14.
void show_awaiting(PyObject* future, PyObject* task) noexcept;
void hide_awaiting(PyObject* future, PyObject* task) noexcept;
// When the module is initialised: whether the layout is the one that is known; where it is not, all
// of these do nothing. 0 or -1; ImportError: Future and Task are not written in C, and nothing can
// derive from them.
int study_base_task(State& state) noexcept;

}  // namespace phaseloop
