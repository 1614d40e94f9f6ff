// Which task is running: asyncio.current_task() for native steps, the way each CPython keeps it.
//
// Until 3.13 asyncio has a dict {loop: task}. Overwriting an entry is the cheapest that stays true,
// so a finished step leaves its entry standing and the next native step overwrites it; whoever runs
// anything else on the loop first calls leave_standing_task(). From 3.14 it is a field of the
// thread state, written directly: its offset is checked once against asyncio's own function, which
// is called for every step where the two disagree.
#pragma once

#include "bindings/core/loop_data.h"

namespace phaseloop {

// 0, or -1 with asyncio's RuntimeError: another task is running, or (3.14) another loop is.
int enter_task(LoopData& data, PyObject* loop, PyObject* task) noexcept;
// `standing_ok`: the entry may stand until the next native step; pass false if the task is done,
// for the entry is a strong reference. Keeps a pending error.
void leave_task(LoopData& data, PyObject* loop, PyObject* task, bool standing_ok) noexcept;

void forget_standing_task(LoopData& data) noexcept;
// No task is current on this loop: before any work that is no native step.
inline void leave_standing_task(LoopData& data) noexcept {
  if (data.current_task_stands) [[unlikely]]
    forget_standing_task(data);
}

// Makes `task` (null: none) current and returns what was, for a step within another step. Empty: an
// error is set; None stands for no task.
Ref<> swap_task(LoopData& data, PyObject* loop, PyObject* task) noexcept;

// The running task of `loop` in this thread; borrowed, null if none. Sets no error.
PyObject* current_task(LoopData& data, PyObject* loop) noexcept;

// When the module is initialised: finds out State::thread_state_known. Sets no error.
void study_thread_state(State& state) noexcept;

}  // namespace phaseloop
