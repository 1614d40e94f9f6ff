#include "bindings/core/current_task.h"

#include "bindings/core/stock.h"
#include "bindings/py/call.h"
#include "bindings/py/thread_state.h"
#include "bindings/py/version.h"

namespace phaseloop {
namespace {

[[gnu::cold]] int already_entered(PyObject* task, PyObject* other) noexcept {
  return py::raise(PyExc_RuntimeError,
                   "Cannot enter into task %R while another task %R is being executed.", task,
                   other);
}

[[maybe_unused]] int enter_in_dict(LoopData& data, PyObject* loop, PyObject* task) noexcept {
  PyObject* tasks = data.state.current_tasks.get();
  if (std::exchange(data.current_task_stands, false)) return PyDict_SetItem(tasks, loop, task);
  Ref<> now = py::borrow(PyDict_SetDefault(tasks, loop, task));
  if (!now) return -1;
  return now.get() == task ? 0 : already_entered(task, now.get());
}

// A loop of ours knows by itself, also where asyncio's Python functions stand in for its C ones and
// leave the thread state alone.
[[maybe_unused]] bool is_running_here(LoopData& data, PyObject* loop) noexcept {
  return py::RunningTask().loop() == loop || data.runs_in_this_thread();
}

// Where the thread state is laid out in a way that is not known: asyncio's own functions, which
// check the loop themselves.
Ref<> swap_by_asyncio(LoopData& data, PyObject* loop, PyObject* task) noexcept {
  PyObject* next = task != nullptr ? task : Py_None;
  return py::call(data.state.swap_current_task.get(), loop, next);
}

[[gnu::cold, maybe_unused]] int enter_by_asyncio(LoopData& data, PyObject* loop,
                                                 PyObject* task) noexcept {
  Ref<> before = swap_by_asyncio(data, loop, task);
  if (!before) return -1;
  if (before.get() == Py_None) return 0;
  if (!swap_by_asyncio(data, loop, before.get())) return -1;
  return already_entered(task, before.get());
}

[[gnu::cold, maybe_unused]] void leave_by_asyncio(LoopData& data, PyObject* loop,
                                                  PyObject* task) noexcept {
  py::ErrorScope keep;
  if (current_task(data, loop) == task && !swap_by_asyncio(data, loop, nullptr)) {
    py::write_unraisable(loop);
  }
}

[[gnu::cold, maybe_unused]] PyObject* current_by_asyncio(LoopData& data, PyObject* loop) noexcept {
  py::ErrorScope keep;
  Ref<> task = py::call(data.state.current_task.get(), loop);
  if (!task) py::ignore_error();
  return task && task.get() != Py_None ? task.get() : nullptr;  // asyncio has a reference
}

[[maybe_unused]] int enter_in_thread(LoopData& data, PyObject* loop, PyObject* task) noexcept {
  if (!data.state.thread_state_known) [[unlikely]]
    return enter_by_asyncio(data, loop, task);
  py::RunningTask slot;
  if (!is_running_here(data, loop)) {
    return py::raise(PyExc_RuntimeError, "loop %R is not the running loop", loop);
  }
  if (slot.task() != nullptr) {
    Ref<> now = py::borrow(slot.task());
    return already_entered(task, now.get());
  }
  [[maybe_unused]] Ref<> before = slot.exchange(py::borrow(task));
  return 0;
}

}  // namespace

int enter_task(LoopData& data, PyObject* loop, PyObject* task) noexcept {
  if constexpr (version::kTasksInThreadState) return enter_in_thread(data, loop, task);
  return enter_in_dict(data, loop, task);
}

void leave_task(LoopData& data, PyObject* loop, PyObject* task, bool standing_ok) noexcept {
  if constexpr (version::kTasksInThreadState) {
    if (!data.state.thread_state_known) [[unlikely]]
      return leave_by_asyncio(data, loop, task);
    py::RunningTask slot;
    Ref<> own = slot.task() == task ? slot.exchange(nullptr) : nullptr;
    return;
  }
  data.current_task_stands = data.native() && standing_ok;
  if (data.current_task_stands) return;
  py::ErrorScope keep;
  if (PyDict_DelItem(data.state.current_tasks.get(), loop) < 0) py::consume_error(PyExc_KeyError);
}

void forget_standing_task(LoopData& data) noexcept {
  data.current_task_stands = false;
  py::ErrorScope keep;
  if (PyDict_DelItem(data.state.current_tasks.get(), data.object) < 0) {
    py::consume_error(PyExc_KeyError);
  }
}

Ref<> swap_task(LoopData& data, PyObject* loop, PyObject* task) noexcept {
  if constexpr (version::kTasksInThreadState) {
    if (!data.state.thread_state_known) [[unlikely]]
      return swap_by_asyncio(data, loop, task);
    py::RunningTask slot;
    if (!is_running_here(data, loop)) {
      return py::raise(PyExc_RuntimeError, "loop %R is not the running loop", loop);
    }
    Ref<> previous = slot.exchange(task != nullptr ? py::borrow(task) : nullptr);
    return previous ? std::move(previous) : py::none();
  }
  leave_standing_task(data);
  PyObject* tasks = data.state.current_tasks.get();
  PyObject* now = PyDict_GetItemWithError(tasks, loop);
  if (now == nullptr && PyErr_Occurred() != nullptr) return py::raised;
  Ref<> previous = py::or_none(now);
  const int changed = task != nullptr             ? PyDict_SetItem(tasks, loop, task)
                      : previous.get() != Py_None ? PyDict_DelItem(tasks, loop)
                                                  : 0;
  if (changed < 0) return py::raised;
  return previous;
}

PyObject* current_task(LoopData& data, PyObject* loop) noexcept {
  if constexpr (version::kTasksInThreadState) {
    if (!data.state.thread_state_known) [[unlikely]]
      return current_by_asyncio(data, loop);
    return py::RunningTask().task();
  }
  if (data.current_task_stands) return nullptr;
  py::ErrorScope keep;
  PyObject* task = PyDict_GetItemWithError(data.state.current_tasks.get(), loop);
  if (task == nullptr && PyErr_Occurred() != nullptr) py::consume_error(PyExc_Exception);
  return task;
}

namespace {

// Both are the running loop and task that asyncio has been told of.
bool are_shown_in_thread(PyObject* loop, PyObject* task) noexcept {
  py::RunningTask slot;
  return slot.loop() == loop && slot.task() == task;
}

// A marker goes in through asyncio as the loop's task, is looked for, and is taken out again. False
// with an error set: one of asyncio's functions is of another kind, or missing.
bool shows_swapped(State& state, PyObject* loop, PyObject* marker) noexcept {
  Ref<> before = py::call(state.swap_current_task.get(), loop, marker);
  const bool shown = before && are_shown_in_thread(loop, marker);
  return before && py::call(state.swap_current_task.get(), loop, before.get()) && shown;
}
bool shows_entered(PyObject* loop, PyObject* marker) noexcept {
  Ref<> enter = from_asyncio("_asyncio", "_enter_task");
  Ref<> leave = from_asyncio("_asyncio", "_leave_task");
  if (!enter || !leave || !py::call(enter.get(), loop, marker)) return false;
  const bool shown = are_shown_in_thread(loop, marker);
  return py::call(leave.get(), loop, marker) && shown;
}

bool shows_tasks(State& state, PyObject* loop, PyObject* marker) noexcept {
  if (shows_swapped(state, loop, marker)) return true;
  py::ignore_error();
  return shows_entered(loop, marker);
}

bool studies_thread_state(State& state) noexcept {
  Ref<> loop = py::call(state.get_running_loop.get());
  Ref<> marker = py::steal(PyList_New(0));
  if (!loop || !marker) return false;
  if (loop.get() != Py_None) return shows_tasks(state, loop.get(), marker.get());
  // Without a running loop the marker stands in for one.
  if (!py::call(state.set_running_loop.get(), marker.get())) return false;
  const bool shown = shows_tasks(state, marker.get(), marker.get());
  py::ErrorScope keep;
  if (!py::call(state.set_running_loop.get(), Py_None)) py::ignore_error();
  return shown;
}

}  // namespace

void study_thread_state(State& state) noexcept {
  if constexpr (!version::kTasksInThreadState) return;
  state.thread_state_known = studies_thread_state(state);
  py::ignore_error();
}

}  // namespace phaseloop
