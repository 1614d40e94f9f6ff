#include "bindings/objects/base_task.h"

#include <cstring>

#include "bindings/objects/type_layout.h"
#include "bindings/py/call.h"
#include "bindings/py/version.h"

namespace phaseloop {
namespace {

// TaskObj of CPython 3.14 and 3.15.
struct BaseTask {
  PyObject_HEAD
  PyObject* future_fields[10];
  Ref<> awaited_by;  // a task, or a set of several
  int state;
  char is_task;
  char awaited_by_is_set;
  unsigned short flags;
  int cancels_requested;
  PyObject* awaited;
  Ref<> coroutine;
  Ref<> name;
  PyObject* context;
  void* list_node[2];
#ifdef Py_GIL_DISABLED
  std::uintptr_t thread;
#endif
};

// Futures begin alike.
BaseTask& base_of(PyObject* task) noexcept { return *reinterpret_cast<BaseTask*>(task); }
[[maybe_unused]] State& state_of(PyObject* future) noexcept {
  return future_data(future).data->state;
}

[[maybe_unused]] bool is_shown(PyObject* future) noexcept {
  const LoopData* data = future_data(future).data;
  return data != nullptr && data->state.base_task_known;
}

bool is_c_type(const Ref<>& type, const char* name) noexcept {
  return PyType_Check(type.get()) && std::strcmp(as_type(type)->tp_name, name) == 0;
}

}  // namespace

int show_in_base(TaskData& task) noexcept {
  if constexpr (!version::kTasksInThreadState) return 0;
  if (!task.data->state.base_task_known) [[unlikely]]
    return 0;
  BaseTask& base = base_of(object_of(task));
  base.is_task = 1;
  base.coroutine = task.coroutine.share();
  // As asyncio: a number stands for "Task-<number>".
  base.name = task.name ? task.name.share() : py::steal(PyLong_FromUnsignedLongLong(task.number));
#if defined(Py_GIL_DISABLED) && PY_VERSION_HEX >= 0x030e0000
  // Taken off the list by its own thread without stopping the world; found by other threads.
  base.thread = _Py_ThreadId();
  PyUnstable_EnableTryIncRef(object_of(task));
#endif
  return base.name ? 0 : -1;
}

void show_name_in_base(TaskData& task) noexcept {
  if constexpr (!version::kTasksInThreadState) return;
  if (task.data == nullptr) return;  // never initialised
  if (task.data->state.base_task_known) base_of(object_of(task)).name = task.name.share();
}

void show_awaiting(PyObject* future, PyObject* task) noexcept {
  if constexpr (!version::kTasksInThreadState) return;
  if (!is_shown(future)) [[unlikely]]
    return;
  BaseTask& base = base_of(future);
  if (!base.awaited_by) [[likely]] {
    base.awaited_by = py::borrow(task);
    return;
  }
  if (base.awaited_by.get() == task) return;
  py::ErrorScope keep;
  if (!py::call(state_of(future).add_awaited_by.get(), future, task)) {
    py::write_unraisable(future);
  }
}

void hide_awaiting(PyObject* future, PyObject* task) noexcept {
  if constexpr (!version::kTasksInThreadState) return;
  if (!is_shown(future)) [[unlikely]]
    return;
  BaseTask& base = base_of(future);
  if (base.awaited_by.get() == task) [[likely]] {
    base.awaited_by = nullptr;
    return;
  }
  if (base.awaited_by_is_set == 0) return;
  py::ErrorScope keep;
  if (!py::call(state_of(future).discard_awaited_by.get(), future, task)) {
    py::write_unraisable(future);
  }
}

int study_base_task(State& state) noexcept {
  if (!is_c_type(state.base_future, "_asyncio.Future") ||
      !is_c_type(state.base_task, "_asyncio.Task")) {
    return py::raise(PyExc_ImportError,
                     "phaseloop derives its Future and Task from those of the module _asyncio, and "
                     "this Python has %R and %R",
                     state.base_future.get(), state.base_task.get());
  }
  if constexpr (!version::kTasksInThreadState) return 0;
  PyTypeObject* type = as_type(state.base_task);
  if (type->tp_basicsize != static_cast<Py_ssize_t>(sizeof(BaseTask))) return 0;
  Ref<> task = py::steal(type->tp_new(type, state.empty_tuple.get(), nullptr));
  Ref<> marker = py::steal(PyUnicode_FromString("phaseloop"));
  if (!task || !marker) return -1;
  base_of(task.get()).coroutine = marker.share();
  base_of(task.get()).name = marker.share();
  Ref<> coroutine = py::steal(PyObject_CallMethod(task.get(), "get_coro", nullptr));
  Ref<> name = py::steal(PyObject_CallMethod(task.get(), "get_name", nullptr));
  if (!coroutine || !name) return -1;
  state.base_task_known = coroutine.get() == marker.get() && name.get() == marker.get();
  return 0;
}

}  // namespace phaseloop
