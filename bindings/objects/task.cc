// What a task does apart from stepping: creation, cancellation, all_tasks().
#include "bindings/objects/task.h"

#include <new>

#include "bindings/core/current_task.h"
#include "bindings/core/work.h"
#include "bindings/objects/base_task.h"
#include "bindings/py/call.h"
#include "bindings/py/version.h"

namespace phaseloop {
namespace {

// Does the task wait for something foreign, whose callback is this wake-up?
bool waits_for_foreign(TaskData& task) noexcept {
  if (task.data == nullptr || !task.awaited || task.linked()) return false;
  PyTypeObject* type = Py_TYPE(task.awaited.get());
  return !is_native_future(task.data->state, type) && !is_operation(task.data->state, type);
}

// The task a foreign future woke up, which need not be the object that was awaited. It may call
// more often than once: only the first is ours.
PyObject* task_wakeup(PyObject* self, PyObject* future) noexcept {
  TaskData& task = task_data(self);
  if (!waits_for_foreign(task)) return py::none().release();
  Ref<> keep = py::borrow(self);
  Ref<> result = py::call_method(future, task.data->state.names.result.get());
  Ref<> exception = result ? nullptr : py::fetch_error();
  leave_standing_task(*task.data);
  if (step(task, std::move(exception)) < 0) return nullptr;
  return py::none().release();
}

PyMethodDef wakeup_def = {"task_wakeup", task_wakeup, METH_O, nullptr};

PyObject* completed(PyObject*, PyObject*) noexcept { return py::none().release(); }
PyMethodDef completed_def = {"_on_completion", completed, METH_O, nullptr};

int set_identity(TaskData& task, const TaskOptions& options) noexcept {
  State& state = task.data->state;
  if (options.context == nullptr || options.context == Py_None) {
    task.context = py::steal(PyContext_CopyCurrent());
    if (!task.context) return -1;
  } else {
    if (version::checks_task_context() && !PyContext_CheckExact(options.context)) {
      return py::raise(PyExc_TypeError, "a contextvars.Context was expected, got %.200s",
                       Py_TYPE(options.context)->tp_name);
    }
    task.context = py::borrow(options.context);
  }
  if (options.name == nullptr || options.name == Py_None) {
    task.number = ++state.task_names;
    task.name = nullptr;
  } else {
    task.name = PyUnicode_CheckExact(options.name) ? py::borrow(options.name)
                                                   : py::steal(PyObject_Str(options.name));
    if (!task.name) return -1;
  }
  return show_in_base(task);
}

// 1, 0 or -1: may the first step be taken at once?
int loop_is_running(TaskData& task) noexcept {
  if (task.data->native()) return task.data->running() ? 1 : 0;
  return py::truth(py::call_method(task.loop.get(), task.data->state.names.is_running.get()));
}

// `scheduled`: a step is coming already, from an earlier __init__.
int start(TaskData& task, PyObject* coroutine, const TaskOptions& options,
          bool scheduled) noexcept {
  const int coro = is_coroutine(task.data->state, coroutine);
  if (coro < 0) return -1;
  if (coro == 0) {
    task.log_destroy_pending = false;
    return py::raise(PyExc_TypeError, "a coroutine was expected, got %R", coroutine);
  }
  task.throw_next = nullptr;
  task.cancel = CancelState{};
  task.coroutine = py::borrow(coroutine);
  if (set_identity(task, options) < 0) return -1;
  task.log_destroy_pending = true;
  if (options.eager_start) {
    const int running = loop_is_running(task);
    if (running < 0) return -1;
    if (running != 0) return step_eagerly(task);
  }
  if (!scheduled && step_soon(task) < 0) return -1;
  return register_task(task);
}

}  // namespace

TaskData::TaskData() noexcept : Waiter(task_wake_kind()) {}

int is_coroutine(State& state, PyObject* object) noexcept {
  if (is_known_coroutine(state, object)) return 1;
  return py::truth(py::call(state.is_coroutine.get(), object));
}

bool take_task_keywords(py::Args args, TaskOptions& options) noexcept {
  for (Py_ssize_t i = 0; i < args.keyword_count(); ++i) {
    PyObject* name = args.keyword_name(i);
    if (PyUnicode_CompareWithASCIIString(name, "name") == 0) {
      options.name = args.keyword_value(i);
    } else if (PyUnicode_CompareWithASCIIString(name, "context") == 0) {
      options.context = args.keyword_value(i);
    } else {
      return false;
    }
  }
  return true;
}

Ref<> new_task(LoopData& data, PyObject* loop, PyObject* coroutine,
               const TaskOptions& options) noexcept {
  Ref<> self = py::steal(data.state.tasks.make(data.state.task_type.get()));
  if (!self) return py::raised;
  TaskData& task = *::new (static_cast<void*>(&future_data(self.get()))) TaskData;
  task.data = &data;
  task.loop = py::borrow(loop);
  if (!data.native()) [[unlikely]]
    task.foreign_state = py::borrow(&data.state);
  if (data.debug) [[unlikely]] {
    task.source_traceback = py::call(data.state.origin_of_call.get());
    if (!task.source_traceback) return py::raised;
  }
  if (start(task, coroutine, options, false) < 0) return py::raised;
  return self;
}

int init_task(PyObject* self, PyObject* coroutine, PyObject* loop,
              const TaskOptions& options) noexcept {
  TaskData& task = task_data(self);
  if (version::kStrictInit && task.data != nullptr) return init_future(self, loop);  // refuses
  const bool scheduled = stop_waiting(task);
  if (init_future(self, loop) < 0) return -1;
  return start(task, coroutine, options, scheduled);
}

int cancel_task(TaskData& task, PyObject* message) noexcept {
  task.state.exception_unseen = false;
  if (task.state.done()) return 0;
  // A task may wait for a task, and so on.
  if (py::check_stack() < 0) return -1;
  task.cancel.request();
  if (PyObject* awaited = task.awaited.get()) {
    Ref<> keep = task.awaited.share();
    State& state = task.data->state;
    int cancelled = 0;
    if (is_operation(state, Py_TYPE(awaited))) {
      cancelled = cancel(operation(awaited), message);
    } else if (Py_IS_TYPE(awaited, state.future_type.get())) {
      cancelled = cancel_future(future_data(awaited), message);
    } else {
      cancelled = py::truth(py::call_method(awaited, state.names.cancel.get(), message));
    }
    if (cancelled != 0) return cancelled;
  }
  task.cancel.deliver_later();
  task.cancel_message = py::borrow(message);
  return 1;
}

int register_task(TaskData& task) noexcept {
  State& state = task.data->state;
  if constexpr (version::kTasksInThreadState) {
    if (!state.register_task) return 0;
    return py::call(state.register_task.get(), object_of(task)) ? 0 : -1;
  }
  if (task.link != nullptr || task.state.done()) return 0;
  if (!state.tasks_shown && state.show_tasks) {
    state.tasks_shown = true;
    if (!py::call(state.show_tasks.get())) return -1;
  }
  task.next_task = state.first_task;
  if (task.next_task != nullptr) task.next_task->link = &task.next_task;
  task.link = &state.first_task;
  state.first_task = &task;
  return 0;
}

void unregister_task(TaskData& task) noexcept {
  if constexpr (version::kTasksInThreadState) {
    State& state = task.data->state;
    if (state.unregister_task && !py::call(state.unregister_task.get(), object_of(task))) {
      py::write_unraisable(object_of(task));
    }
    return;
  }
  forget_task(task);
}

// From 3.14 the base does it itself when it is deallocated.
void forget_task(TaskData& task) noexcept {
  if (task.link == nullptr) return;
  *task.link = task.next_task;
  if (task.next_task != nullptr) task.next_task->link = task.link;
  task.link = nullptr;
  task.next_task = nullptr;
}

bool stop_waiting(TaskData& task) noexcept {
  Ref<> awaited = std::move(task.awaited);
  if (!awaited || task.data == nullptr) return task.linked();
  if (is_operation(task.data->state, Py_TYPE(awaited.get()))) {
    detach(operation(awaited.get()), task);
    return task.linked();
  }
  if (!is_native_future(task.data->state, Py_TYPE(awaited.get()))) return task.linked();
  FutureData& future = future_data(awaited.get());
  if (!waits_for(future, task)) return task.linked();
  remove_waiter(future, task);
  task.drop();
  return false;
}

// Newest first in the list; oldest first here, so that a set of few tasks iterates in that order.
Ref<> unfinished_tasks(State& state) noexcept {
  Ref<> tasks = py::steal(PyList_New(0));
  if (!tasks) return py::raised;
  for (TaskLink* link = state.first_task; link != nullptr; link = link->next_task) {
    PyObject* task = object_of(*static_cast<TaskData*>(link));
    // Already being deallocated: its finalizer is what is asking.
    if (Py_REFCNT(task) == 0) continue;
    if (PyList_Append(tasks.get(), task) < 0) return py::raised;
  }
  if (PyList_Reverse(tasks.get()) < 0) return py::raised;
  return tasks;
}

Ref<> waiter_callable(State& state, PyObject* owner) noexcept {
  if (Py_IS_TYPE(owner, state.wait_for_release_type.get())) {
    Ref<> waiter = py::attribute(owner, state.names.waiter.get());
    return waiter ? py::call(state.partial.get(), state.release_waiter.get(), waiter.get())
                  : nullptr;
  }
  const bool task = PyObject_TypeCheck(owner, state.task_type.get()) != 0;
  return py::steal(PyCFunction_New(task ? &wakeup_def : &completed_def, owner));
}

Ref<> waiter_context(State& state, PyObject* owner) noexcept {
  if (PyObject_TypeCheck(owner, state.task_type.get()) != 0) {
    return task_data(owner).context.share();
  }
  return py::steal(PyContext_CopyCurrent());
}

}  // namespace phaseloop
