// The module phaseloop._native: makes the types, in order, and offers what pyshim builds on.
#include <pybind11/pybind11.h>

#include "bindings/combinators/as_completed.h"
#include "bindings/combinators/gather.h"
#include "bindings/combinators/sleep.h"
#include "bindings/combinators/wait.h"
#include "bindings/core/current_task.h"
#include "bindings/core/handle.h"
#include "bindings/core/state.h"
#include "bindings/core/threadsafe_handle.h"
#include "bindings/core/work.h"
#include "bindings/loop/loop_type.h"
#include "bindings/objects/base_task.h"
#include "bindings/objects/operation.h"
#include "bindings/objects/task.h"
#include "bindings/py/method.h"
#include "bindings/py/version.h"

namespace py11 = pybind11;

namespace phaseloop {
namespace {

// From here on a failed call throws: this is pybind11's side.
template <class T>
Ref<T> checked(Ref<T> made) {
  if (!made) throw py11::error_already_set();
  return made;
}
void checked(int result) {
  if (result < 0) throw py11::error_already_set();
}

void make_types(State& state, PyObject* module) {
  state.work_call_type = checked(new_work_call_type(module));
  state.handle_type = checked(new_handle_type(state, module));
  state.timer_handle_type = checked(new_timer_handle_type(state, module));
  if constexpr (version::kThreadSafeHandles) {
    state.threadsafe_handle_type = checked(new_threadsafe_handle_type(state, module));
  }
  state.loop_type = checked(new_loop_type(module));
  state.future_type = checked(new_future_type(state, module));
  state.task_type = checked(new_task_type(state, module));
  state.future_iter_type = checked(new_future_iter_type(module));
  state.operation_type = checked(new_operation_type(module));
  state.gathering_future_type = checked(new_gathering_future_type(state, module));
  state.sleep_type = checked(new_sleep_type(state, module));
  state.wait_type = checked(new_wait_type(state, module));
  state.as_completed_type = checked(new_as_completed_type(module));
  state.next_completed_type = checked(new_next_completed_type(state, module));
}

Ref<> unfinished(PyObject* self) noexcept {
  return unfinished_tasks(*reinterpret_cast<State*>(self));
}

// show: what makes asyncio list native tasks; called when there is one. None: it has been undone.
Ref<> list_tasks_with(PyObject* self, PyObject* show) noexcept {
  State& state = *reinterpret_cast<State*>(self);
  state.tasks_shown = false;
  if (show != Py_None) state.show_tasks = py::borrow(show);
  return py::none();
}

PyMethodDef functions[] = {
    py::method<sleep>("sleep",
                      "sleep($module, /, delay, result=None)\n--\n\nCoroutine that completes "
                      "after a given time (in seconds)."),
    py::method<gather>(
        "gather",
        "gather($module, /, *coros_or_futures, return_exceptions=False)\n--\n\nReturn a "
        "future aggregating results from the given coroutines/futures."),
    py::method<wait>(
        "wait",
        "wait($module, /, fs, *, timeout=None, return_when='ALL_COMPLETED')\n--\n\nWait for "
        "the Futures or Tasks given by fs to complete.\n\nThe fs iterable must not be empty.\n\n"
        "Returns two sets of Future: (done, pending)."),
    py::method<as_completed>(
        "as_completed",
        "as_completed($module, /, fs, *, timeout=None)\n--\n\nReturn an iterator of "
        "awaitables or an asynchronous iterator of Futures\nin order of completion."),
    py::method<list_tasks_with>(
        "list_tasks_with",
        "list_tasks_with($module, show, /)\n--\n\nCall "
        "show() before the first native task. None: again before the next."),
    py::method<unfinished>("unfinished_tasks",
                           "unfinished_tasks($module, /)\n--\n\nEvery unfinished native task that "
                           "asyncio itself does not list, oldest first."),
    {}};

void add_functions(State& state, PyObject* module) {
  auto name = py11::reinterpret_steal<py11::object>(PyModule_GetNameObject(module));
  for (PyMethodDef* def = functions; def->ml_name != nullptr; ++def) {
    // Bound to the state rather than to the module: that is what they need at every call.
    Ref<> function =
        checked(py::steal(PyCFunction_NewEx(def, reinterpret_cast<PyObject*>(&state), name.ptr())));
    checked(PyModule_AddObjectRef(module, def->ml_name, function.get()));
  }
}

void initialise(py11::module_& module) {
  set_module_definition(PyModule_GetDef(module.ptr()));
  Ref<State> state = checked(new_state());
  // First of all: types find their state through the module.
  checked(PyModule_AddObjectRef(module.ptr(), "_state", state.obj()));
  checked(check_handle_layout(*state.get()));
  checked(check_base_task_layout(*state.get()));
  checked(check_current_task_layout(*state.get()));
  make_types(*state.get(), module.ptr());
  for (PyTypeObject* type :
       {state->loop_type.get(), state->future_type.get(), state->task_type.get(),
        state->handle_type.get(), state->timer_handle_type.get()}) {
    checked(PyModule_AddType(module.ptr(), type));
  }
  add_functions(*state.get(), module.ptr());
}

}  // namespace
}  // namespace phaseloop

PYBIND11_MODULE(_native, module, py11::mod_gil_not_used(),
                py11::multiple_interpreters::per_interpreter_gil()) {
  module.doc() = "The native core of phaseloop. Use the package, not this module.";
  phaseloop::initialise(module);
}
