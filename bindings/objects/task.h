// Task: asyncio.Task natively, derived from our Future and from _asyncio.Task.
//
// A task is in exactly one place at a time: scheduled (its waiter in the ready queue, or in a
// callable on a foreign loop), waiting (its waiter with the future or operation it awaits, which
// `awaited` names), being stepped, or done. Waiting for a foreign future it hangs there as a Python
// callback. Thread: the loop's.
#pragma once

#include "bindings/core/work.h"
#include "bindings/objects/future.h"
#include "bindings/objects/operation.h"
#include "bindings/py/args.h"
#include "runtime/task/cancel_state.h"
#include "runtime/task/waiter.h"

namespace phaseloop {

// Until 3.13: a place in State::first_task, the list behind all_tasks().
struct TaskLink {
  TaskLink* next_task = nullptr;
  TaskLink** link = nullptr;  // null: not in the list
};

struct TaskData : FutureData, Waiter, TaskLink {
  TaskData() noexcept;

  CancelState cancel;
  bool log_destroy_pending = false;
  std::uint64_t number = 0;  // "Task-<number>" while `name` is empty
  Ref<> coroutine;
  Ref<> name;
  Ref<> context;
  Ref<> awaited;     // what it waits for: a future, an operation, a foreign future
  Ref<> throw_next;  // what the scheduled step throws into the coroutine
};

inline TaskData& task_data(PyObject* task) noexcept {
  return static_cast<TaskData&>(future_data(task));
}
inline PyObject* object_of(TaskData& task) noexcept {
  return object_of(static_cast<FutureData&>(task));
}

// Arguments as of Task.__init__; null stands for the default.
struct TaskOptions {
  PyObject* name = nullptr;
  PyObject* context = nullptr;
  bool eager_start = false;
};
// Takes the keywords name= and context= of a call that makes a task. False: there are others.
bool take_task_keywords(py::Args args, TaskOptions& options) noexcept;
// A task that runs `coroutine` on the loop, scheduled (or, eagerly, stepped once). Refuses what is
// no coroutine with asyncio's TypeError.
Ref<> new_task(LoopData& data, PyObject* loop, PyObject* coroutine,
               const TaskOptions& options) noexcept;
int init_task(PyObject* self, PyObject* coroutine, PyObject* loop,
              const TaskOptions& options) noexcept;
// 1, 0, or -1 with an error set. Native coroutines are recognised without a call into Python.
int is_coroutine(State& state, PyObject* object) noexcept;

// The task no longer waits for anything: takes its waiter out of wherever it hangs, or leaves it
// where it is scheduled already (true).
bool stop_waiting(TaskData& task) noexcept;

// As Task.cancel(): 1: requested; 0: it was done; -1: error.
int cancel_task(TaskData& task, PyObject* message) noexcept;

// Runs the coroutine to its next suspension, throwing `exception` into it if there is one. The
// task's context has been entered. 0, or -1 with an error that is the loop's business.
int step(TaskData& task, Ref<> exception) noexcept;
// The first step, at once, within whatever is running (Task(eager_start=True)).
int step_eagerly(TaskData& task) noexcept;
// Schedules the next step.
int step_soon(TaskData& task) noexcept;
// Task's tp_* for work: the waiter's kind.
const WorkKind& task_wake_kind() noexcept;

// all_tasks(): the task is unfinished from now on, or no longer. 0 or -1.
int register_task(TaskData& task) noexcept;
void unregister_task(TaskData& task) noexcept;
// The same for a task that is being destroyed: runs no code at all.
void forget_task(TaskData& task) noexcept;
// Until 3.13: every unfinished native task, as a list.
Ref<> unfinished_tasks(State& state) noexcept;

// What Future._callbacks shows for a waiter that is no Python callable: one that wakes it up.
Ref<> waiter_callable(State& state, PyObject* owner) noexcept;
Ref<> waiter_context(State& state, PyObject* owner) noexcept;

Ref<PyTypeObject> new_task_type(State& state, PyObject* module) noexcept;

}  // namespace phaseloop
