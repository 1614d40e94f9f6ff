#include "bindings/combinators/task_group.h"

#include "bindings/objects/base_task.h"
#include "bindings/objects/operation.h"
#include "bindings/objects/task.h"
#include "bindings/py/call.h"
#include "bindings/py/field.h"
#include "bindings/py/gc.h"
#include "bindings/py/version.h"

namespace phaseloop {
namespace {

using py::Args;

struct TaskGroupCore {
  PyObject_HEAD
  Ref<> loop, parent, tasks, completed;  // `completed`: what __aexit__ waits for
  bool entered, exiting, aborting;
  auto refs() { return std::tie(loop, parent, tasks, completed); }
};

TaskGroupCore& group_of(PyObject* self) noexcept { return *reinterpret_cast<TaskGroupCore*>(self); }

// The class of ours, or one that overrides nothing of what is called here: its own functions are
// found there, so it is enough to look at the type itself.
bool is_plain(State& state, PyObject* self) noexcept {
  return Py_TYPE(self)->tp_base == state.task_group_core.get();
}

// The loop on which a task may be made here directly; null: create_task() of that loop decides.
LoopData* plain_loop(State& state, TaskGroupCore& group) noexcept {
  if (!group.entered || group.aborting || !group.loop || !group.tasks) return nullptr;
  if (!PySet_CheckExact(group.tasks.get())) return nullptr;
  if (group.exiting && PySet_GET_SIZE(group.tasks.get()) == 0) return nullptr;
  LoopData& data = loop_data(state, group.loop.get());
  const bool plain = data.native() && !data.closed && !data.debug && !data.task_factory &&
                     !data.overrides_create_task;
  return plain ? &data : nullptr;
}

Ref<> call_create_task(State& state, Args args) noexcept {
  TaskOptions options;
  if (args.count() != 2 || !take_task_keywords(args, options)) return nullptr;
  if (!is_plain(state, args[0])) return nullptr;
  TaskGroupCore& group = group_of(args[0]);
  LoopData* data = plain_loop(state, group);
  if (data == nullptr || !is_known_coroutine(state, args[1])) return nullptr;
  if (!group.parent || !is_native_future(state, Py_TYPE(group.parent.get()))) return nullptr;
  // Kept: any of these calls may run Python code that puts something else in their places.
  Ref<> loop = group.loop.share(), tasks = group.tasks.share(), parent = group.parent.share();
  Ref<> task = new_task(*data, loop.get(), args[1], options);
  Ref<> on_done = task ? py::attribute(args[0], state.names._on_task_done.get()) : nullptr;
  Ref<> context = on_done ? py::steal(PyContext_CopyCurrent()) : nullptr;
  if (!context) return py::raised;
  if constexpr (version::kTasksInThreadState) {
    show_awaiting(task.get(), parent.get());
  }
  // The callback first: the group would wait for ever for a task that tells it nothing.
  if (add_callback(future_data(task.get()), on_done.get(), context.get()) < 0 ||
      PySet_Add(tasks.get(), task.get()) < 0) {
    return py::raised;
  }
  return task;
}

// A task of ours ended well, and what waits for the last of them is ours too.
bool ended_well(State& state, TaskGroupCore& group, PyObject* task) noexcept {
  if (!is_native_future(state, Py_TYPE(task)) || !group.tasks ||
      !PySet_CheckExact(group.tasks.get())) {
    return false;
  }
  const FutureData& data = future_data(task);
  if (!data.state.finished() || data.failed) return false;
  PyObject* completed = group.completed.get();
  return completed == nullptr || completed == Py_None ||
         Py_IS_TYPE(completed, state.future_type.get());
}

Ref<> call_on_task_done(State& state, Args args) noexcept {
  if (args.count() != 2 || args.keyword_count() != 0 || !is_plain(state, args[0])) return nullptr;
  TaskGroupCore& group = group_of(args[0]);
  if (!ended_well(state, group, args[1])) return nullptr;
  Ref<> tasks = group.tasks.share(), completed = group.completed.share();
  if constexpr (version::kTasksInThreadState) {
    Ref<> parent = py::or_none(group.parent.get());
    if (parent.get() == Py_None) return nullptr;
    hide_awaiting(args[1], parent.get());
  }
  if (PySet_Discard(tasks.get(), args[1]) < 0) return py::raised;
  if (!completed || completed.get() == Py_None) return py::none();
  if (PySet_GET_SIZE(tasks.get()) != 0) return py::none();
  FutureData& future = future_data(completed.get());
  if (!future.state.done() && finish_with_result(future, py::boolean(true)) < 0) return py::raised;
  return py::none();
}

constexpr Implementation kFunctions[] = {{"TaskGroup.create_task", call_create_task},
                                         {"TaskGroup._on_task_done", call_on_task_done}};

}  // namespace

std::span<const Implementation> task_group_functions() noexcept { return kFunctions; }

Ref<PyTypeObject> new_task_group_core(PyObject* module) noexcept {
  static PyGetSetDef fields[] = {py::object_field<&TaskGroupCore::loop>("_loop"),
                                 py::object_field<&TaskGroupCore::parent>("_parent_task"),
                                 py::object_field<&TaskGroupCore::tasks>("_tasks"),
                                 py::object_field<&TaskGroupCore::completed>("_on_completed_fut"),
                                 py::bool_field<&TaskGroupCore::entered>("_entered"),
                                 py::bool_field<&TaskGroupCore::exiting>("_exiting"),
                                 py::bool_field<&TaskGroupCore::aborting>("_aborting"),
                                 {}};
  static PyType_Slot slots[] = {
      {Py_tp_traverse, reinterpret_cast<void*>(py::Gc<TaskGroupCore>::traverse)},
      {Py_tp_clear, reinterpret_cast<void*>(py::Gc<TaskGroupCore>::clear)},
      {Py_tp_dealloc, reinterpret_cast<void*>(py::Gc<TaskGroupCore>::dealloc)},
      {Py_tp_getset, fields},
      {0, nullptr}};
  PyType_Spec spec = {"phaseloop._native.TaskGroupCore", sizeof(TaskGroupCore), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE, slots};
  return py::steal(
      reinterpret_cast<PyTypeObject*>(PyType_FromModuleAndSpec(module, &spec, nullptr)));
}

}  // namespace phaseloop
