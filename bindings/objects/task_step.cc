// One step of a task: resume the coroutine, then wait for what it yielded.
#include "bindings/core/current_task.h"
#include "bindings/core/work.h"
#include "bindings/objects/base_task.h"
#include "bindings/objects/task.h"
#include "bindings/py/call.h"
#include "bindings/py/gen.h"
#include "bindings/py/version.h"

namespace phaseloop {
namespace {

TaskData& task_of(Runnable& work) noexcept {
  return static_cast<TaskData&>(static_cast<Waiter&>(work));
}

// What the task was waiting for has come about: 0 and the exception to throw into it, if any.
int collect(TaskData& task, Ref<>& exception) noexcept {
  PyObject* awaited = task.awaited.get();
  if (awaited == nullptr) {
    exception = std::move(task.throw_next);
    return 0;
  }
  if (is_operation(task.data->state, Py_TYPE(awaited))) {
    exception = cancellation(operation(awaited));
    return exception || PyErr_Occurred() == nullptr ? 0 : -1;
  }
  // A second __init__() has scheduled a step while the task waits for something foreign.
  if (!is_native_future(task.data->state, Py_TYPE(awaited))) return 0;
  Ref<> value;
  const Outcome outcome = future_outcome(future_data(awaited), value);
  if (outcome == Outcome::failed) return -1;
  if (outcome == Outcome::exception) exception = std::move(value);
  return 0;
}

// An error of the step itself, as if it had come out of a callback.
[[gnu::cold]] void step_failed(TaskData& task, bool entered) noexcept {
  Ref<> exception = py::fetch_error();
  Ref<> self = py::borrow(object_of(task));
  if (task.data == nullptr) {
    py::restore_error(std::move(exception));
    return py::write_unraisable(self.get());
  }
  LoopData& data = *task.data;
  if (entered) return data.state.foreign_loop->escape(std::move(exception));
  if (py::ends_the_run(exception.get())) return data.escape(std::move(exception));
  Ref<> message = py::steal(PyUnicode_FromFormat("Exception in callback %R", self.get()));
  if (!message) py::consume_error(PyExc_Exception);
  Ref<> loop = task.loop.share();
  report(data.state, loop.get(),
         {message.get(), exception.get(), data.state.names.task.get(), self.get(), nullptr});
}

int exit_context(PyObject* context, int result) noexcept {
  if (result == 0) return PyContext_Exit(context);
  py::ErrorScope keep;
  if (PyContext_Exit(context) < 0) py::consume_error(PyExc_RuntimeError);
  return result;
}

int step_in_context(TaskData& task, Ref<> exception) noexcept {
  Ref<> context = task.context.share();
  if (PyContext_Enter(context.get()) < 0) return -1;
  return exit_context(context.get(), step(task, std::move(exception)));
}

// `Entered`: a foreign loop has entered the context already; it was told to.
template <bool Entered>
void run(Runnable& work) noexcept {
  TaskData& task = task_of(work);
  Ref<> self = py::steal(object_of(task));
  // Cleared by the garbage collector, or (foreign loops only) run once too often.
  if (task.data == nullptr || task.linked()) return;
  Ref<> exception;
  if (collect(task, exception) < 0) exception = py::fetch_error();
  const int stepped =
      Entered ? step(task, std::move(exception)) : step_in_context(task, std::move(exception));
  if (stepped < 0) step_failed(task, Entered);
}

void drop(Runnable& work) noexcept { Ref<> self = py::steal(object_of(task_of(work))); }
PyObject* owner(Runnable& work) noexcept { return object_of(task_of(work)); }
int call_foreign(Runnable& work, PyObject* loop) noexcept {
  TaskData& task = task_of(work);
  if (task.data == nullptr || !task.context) {  // taken apart by the garbage collector
    drop(work);
    return 0;
  }
  Ref<> context = task.context.share();
  return call_soon_foreign(task.data->state, loop, work, context.get());
}

constexpr WorkKind kWakeKind{{run<false>, drop}, owner, call_foreign, nullptr, nullptr, nullptr,
                             run<true>};

// --- what the coroutine yielded ---------------------------------------------------------------

// The next step throws a RuntimeError made from the format.
template <class... Args>
[[gnu::cold]] int throw_soon(TaskData& task, const char* format, Args... args) noexcept {
  Ref<> text = py::steal(PyUnicode_FromFormat(format, args...));
  if (!text) return -1;
  Ref<> error = py::call(PyExc_RuntimeError, text.get());
  if (!error) return -1;
  task.throw_next = std::move(error);
  return step_soon(task);
}

int yielded_without_await(TaskData& task, PyObject* awaited) noexcept {
  return throw_soon(task, "yield was used instead of yield from in task %R with %R",
                    object_of(task), awaited);
}

int foreign_to_loop(TaskData& task, PyObject* awaited) noexcept {
  return throw_soon(task, "Task %R got Future %R attached to a different loop", object_of(task),
                    awaited);
}

// A cancellation that came before there was anything to cancel.
int deliver_cancellation(TaskData& task) noexcept {
  if (!task.cancel.must_cancel()) return 0;
  Ref<> awaited = task.awaited.share();
  if (!awaited) return 0;  // a foreign loop has stepped the task since
  Ref<> message = py::or_none(task.cancel_message.get());
  const int cancelled =
      is_operation(task.data->state, Py_TYPE(awaited.get()))
          ? cancel(operation(awaited.get()), message.get())
          : py::truth(
                py::call_method(awaited.get(), task.data->state.names.cancel.get(), message.get()));
  if (cancelled < 0) return -1;
  if (cancelled > 0) task.cancel.take_delivery();
  return 0;
}

int wait_for_future(TaskData& task, Ref<> awaited) noexcept {
  FutureData& future = future_data(awaited.get());
  if (future.loop.get() != task.loop.get()) return foreign_to_loop(task, awaited.get());
  if (!future.state.blocking) return yielded_without_await(task, awaited.get());
  future.state.blocking = false;
  show_awaiting(awaited.get(), object_of(task));
  task.awaited = std::move(awaited);
  py::acquire(object_of(task));
  if (add_waiter(future, task) < 0) return -1;
  return deliver_cancellation(task);
}

int wait_for_operation(TaskData& task, Ref<> awaited) noexcept {
  Operation& op = operation(awaited.get());
  if (op.data == task.data && attach(op, task)) [[likely]] {
    py::acquire(object_of(task));
    task.awaited = std::move(awaited);
    return deliver_cancellation(task);
  }
  // Not what an operation yields by itself: a program's own driver has it from somewhere else.
  Ref<> future = yielded_to_python(task.data->state, std::move(awaited));
  if (!future) return -1;
  if (is_native_future(task.data->state, Py_TYPE(future.get()))) {
    return wait_for_future(task, std::move(future));
  }
  return throw_soon(task, "Task got bad yield: %R", future.get());
}

// Anything with the futures' protocol, through that protocol.
int wait_for_foreign(TaskData& task, Ref<> awaited, const Ref<>& blocking_attribute) noexcept {
  State& state = task.data->state;
  const int blocking = PyObject_IsTrue(blocking_attribute.get());
  if (blocking < 0) return -1;
  Ref<> loop = py::steal(PyObject_GetAttr(awaited.get(), state.names.get_loop.get()));
  if (loop) {
    loop = py::call(loop.get());
  } else if (py::consume_error(PyExc_AttributeError)) {
    loop = py::steal(PyObject_GetAttrString(awaited.get(), "_loop"));
  }
  if (!loop) return -1;
  if (loop.get() != task.loop.get()) return foreign_to_loop(task, awaited.get());
  if (blocking == 0) return yielded_without_await(task, awaited.get());
  if (PyObject_SetAttr(awaited.get(), state.names._asyncio_future_blocking.get(), Py_False) < 0) {
    return -1;
  }
  Ref<> wakeup = waiter_callable(state, object_of(task));
  if (!wakeup) return -1;
  Ref<> context = task.context.share();
  task.awaited = awaited.share();
  if (!py::call_method_kw(awaited.get(), state.names.add_done_callback.get(),
                          state.context_keyword.get(), wakeup.get(), context.get())) {
    task.awaited = nullptr;
    return -1;
  }
  return task.awaited ? deliver_cancellation(task) : 0;
}

int wait_for_other(TaskData& task, Ref<> awaited) noexcept {
  Ref<> blocking = py::steal(
      PyObject_GetAttr(awaited.get(), task.data->state.names._asyncio_future_blocking.get()));
  if (!blocking && !py::consume_error(PyExc_AttributeError)) return -1;
  if (blocking && blocking.get() != Py_None) {
    return wait_for_foreign(task, std::move(awaited), blocking);
  }
  if (PyGen_Check(awaited.get())) {
    return throw_soon(task, "yield was used instead of yield from for generator in task %R with %R",
                      object_of(task), awaited.get());
  }
  return throw_soon(task, "Task got bad yield: %R", awaited.get());
}

int wait_for(TaskData& task, Ref<> awaited) noexcept {
  // Initialised again by its own coroutine, it is scheduled or waits already.
  if (task.linked() || task.awaited) return 0;
  State& state = task.data->state;
  PyTypeObject* type = Py_TYPE(awaited.get());
  if (awaited.get() == object_of(task)) {
    return throw_soon(task, "Task cannot await on itself: %R", object_of(task));
  }
  if (is_native_future(state, type)) return wait_for_future(task, std::move(awaited));
  if (awaited.get() == Py_None) return step_soon(task);
  if (is_operation(state, type)) return wait_for_operation(task, std::move(awaited));
  return wait_for_other(task, std::move(awaited));
}

// --- the end ----------------------------------------------------------------------------------

int returned(TaskData& task, Ref<> result) noexcept {
  unregister_task(task);
  if (task.cancel.take_delivery()) {  // cancelled right before the coroutine stopped
    Ref<> message = task.cancel_message.share();
    return cancel_future(task, message.get()) < 0 ? -1 : 0;
  }
  return finish_with_result(task, std::move(result));
}

int ended_with_error(TaskData& task) noexcept {
  Ref<> error = py::fetch_error();
  unregister_task(task);
  if (PyErr_GivenExceptionMatches(error.get(), task.data->state.cancelled_error.get()) != 0) {
    task.cancelled_error = std::move(error);
    return cancel_future(task, nullptr) < 0 ? -1 : 0;
  }
  if (finish_with_exception(task, error.get()) < 0) return -1;
  if (!py::ends_the_run(error.get())) return 0;
  py::restore_error(std::move(error));
  return -1;
}

int settle_step(TaskData& task, PySendResult sent, Ref<> result) noexcept {
  if (sent == PYGEN_NEXT) return wait_for(task, std::move(result));
  if (sent == PYGEN_RETURN) return returned(task, std::move(result));
  return ended_with_error(task);
}

// The exception of this step, a cancellation that waits for delivery included.
int prepare(TaskData& task, Ref<>& exception) noexcept {
  State& state = task.data->state;
  if (task.state.done()) {
    return py::raise(state.invalid_state_error.get(), "__step(): already done: %R %R",
                     object_of(task), exception ? exception.get() : Py_None);
  }
  if (!task.coroutine) return py::raise(PyExc_RuntimeError, "uninitialized Task object");
  if (task.cancel.must_cancel()) {
    if (!exception ||
        PyErr_GivenExceptionMatches(exception.get(), state.cancelled_error.get()) == 0) {
      exception = make_cancelled_error(task);
      if (!exception) return -1;
    }
    task.cancel.take_delivery();
  }
  if (version::kTasksInThreadState && task.awaited &&
      is_native_future(state, Py_TYPE(task.awaited.get()))) {
    Ref<> awaited = task.awaited.share();
    hide_awaiting(awaited.get(), object_of(task));
  }
  task.awaited = nullptr;
  return 0;
}

int resume(TaskData& task, Ref<> exception) noexcept {
  Ref<> coroutine = task.coroutine.share();
  Ref<> result;
  const PySendResult sent =
      exception ? py::throw_into(coroutine.get(), task.data->state.names.throw_.get(),
                                 exception.get(), result)
                : py::resume(coroutine.get(), Py_None, result);
  exception = nullptr;
  return settle_step(task, sent, std::move(result));
}

class SteppingScope {
 public:
  SteppingScope(TaskData& task, LoopData* data) noexcept : outer_(stepping) {
    stepping = {object_of(task), data};
  }
  ~SteppingScope() { stepping = outer_; }
  SteppingScope(const SteppingScope&) = delete;
  SteppingScope& operator=(const SteppingScope&) = delete;

 private:
  Stepping outer_;
};

}  // namespace

const WorkKind& task_wake_kind() noexcept { return kWakeKind; }

int step_soon(TaskData& task) noexcept {
  if (task.linked()) [[unlikely]]
    return 0;  // a step is coming already
  py::acquire(object_of(task));
  return schedule(*task.data, task.loop.get(), task);
}

int step(TaskData& task, Ref<> exception) noexcept {
  LoopData& data = *task.data;
  Ref<> loop = task.loop.share();
  if (enter_task(data, loop.get(), object_of(task)) < 0) return -1;
  SteppingScope scope(task, &data);
  int result = prepare(task, exception);
  if (result == 0) result = resume(task, std::move(exception));
  leave_task(data, loop.get(), object_of(task), task.state.pending());
  return result;
}

int step_eagerly(TaskData& task) noexcept {
  // An eager task may start another, and so on.
  if (py::check_stack() < 0) return -1;
  LoopData& data = *task.data;
  Ref<> loop = task.loop.share();
  Ref<> context = task.context.share();
  Ref<> previous = swap_task(data, loop.get(), object_of(task));
  if (!previous) return -1;
  int result = register_task(task);
  if (result == 0) result = PyContext_Enter(context.get());
  if (result == 0) {
    {
      // Where the loop does not run, nothing of it can be used without its thread's knowledge.
      SteppingScope scope(task, data.runs_in_this_thread() ? &data : nullptr);
      Ref<> exception;
      result = prepare(task, exception);
      if (result == 0) result = resume(task, nullptr);
    }
    result = exit_context(context.get(), result);
  }
  {
    py::ErrorScope keep;
    Ref<> own = swap_task(data, loop.get(), previous.get() == Py_None ? nullptr : previous.get());
    if (!own) py::write_unraisable(object_of(task));
  }
  // Before eager tasks there was none without its coroutine, and repr() relies on that.
  if (version::kEagerTasks && task.state.done()) task.coroutine = nullptr;
  return result;
}

}  // namespace phaseloop
