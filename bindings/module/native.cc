// The module phaseloop._native: makes the types, in order, and offers what pyshim builds on.
#include <pybind11/pybind11.h>

#include "bindings/combinators/as_completed.h"
#include "bindings/combinators/bridge.h"
#include "bindings/combinators/gather.h"
#include "bindings/combinators/shield.h"
#include "bindings/combinators/sleep.h"
#include "bindings/combinators/spawn.h"
#include "bindings/combinators/task_group.h"
#include "bindings/combinators/timeout.h"
#include "bindings/combinators/wait.h"
#include "bindings/combinators/wait_for.h"
#include "bindings/core/current_task.h"
#include "bindings/core/foreign_handle.h"
#include "bindings/core/handle.h"
#include "bindings/core/state.h"
#include "bindings/core/threadsafe_handle.h"
#include "bindings/core/timer_call.h"
#include "bindings/core/work.h"
#include "bindings/loop/loop_type.h"
#include "bindings/loop/socket_call.h"
#include "bindings/module/command_line.h"
#include "bindings/objects/base_task.h"
#include "bindings/objects/coroutine_face.h"
#include "bindings/objects/operation.h"
#include "bindings/objects/task.h"
#include "bindings/py/method.h"
#include "bindings/py/version.h"
#include "bindings/routine/function.h"
#include "bindings/routine/routine.h"
#include "bindings/streams/streams.h"
#include "bindings/sync/sync.h"
#include "bindings/transports/datagram.h"
#include "bindings/transports/listener.h"
#include "bindings/transports/numeric.h"
#include "bindings/transports/pipe.h"
#include "bindings/transports/stream.h"

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
  state.foreign_handle_type = checked(new_foreign_handle_type(module));
  state.work_call_type = checked(new_work_call_type(module));
  state.timer_call_type = checked(new_timer_call_type(module));
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
  state.sleep_type = checked(new_sleep_type(state, module, false));
  state.collected_sleep_type = checked(new_sleep_type(state, module, true));
  state.wait_type = checked(new_wait_type(state, module));
  state.as_completed_type = checked(new_as_completed_type(module));
  state.next_completed_type = checked(new_next_completed_type(state, module));
  state.routine_type = checked(new_routine_type(module));
  state.function_type = checked(new_function_type(module));
  state.shield_type = checked(new_shield_type(module));
  state.bridge_type = checked(new_bridge_type(module));
  state.lock_core = checked(new_lock_core(module));
  state.event_core = checked(new_event_core(module));
  state.semaphore_core = checked(new_semaphore_core(module));
  state.condition_core = checked(new_condition_core(module));
  state.barrier_core = checked(new_barrier_core(module));
  state.queue_core = checked(new_queue_core(module));
  state.timeout_core = checked(new_timeout_core(module));
  state.wait_for_release_type = checked(new_wait_for_release_type(module));
  state.task_group_core = checked(new_task_group_core(module));
  state.stream_transport_type = checked(new_stream_type(state, module));
  state.datagram_transport_type = checked(new_datagram_type(state, module));
  state.listener_type = checked(new_listener_type(module));
  state.socket_call_type = checked(new_socket_call_type(state, module));
  state.reader_core = checked(new_reader_core(module));
  state.flow_core = checked(new_flow_core(module));
  state.stream_protocol_core = checked(new_stream_protocol_core(state, module));
  state.writer_core = checked(new_writer_core(module));
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

template <Ref<> (*Function)(PyObject*, py::Args)>
Ref<> with_state(State& state, py::Args args) noexcept {
  return Function(py::object(&state), args);
}
constexpr Implementation kCombinators[] = {{"sleep", with_state<sleep>},
                                           {"gather", with_state<gather>},
                                           {"wait", with_state<wait>},
                                           {"as_completed", with_state<as_completed>}};

// function(name, stock, otherwise=stock): the implementation of that name in place of asyncio's own
// function. Two of the names stand for none at all.
Ref<> function(PyObject* self, py::Args args) noexcept {
  PyObject *name = nullptr, *stock = nullptr, *otherwise = nullptr;
  if (py::bind({"function", 3, 2}, args,
               {{"name", &name}, {"stock", &stock}, {"otherwise", &otherwise}}) < 0) {
    return py::raised;
  }
  State& state = *reinterpret_cast<State*>(self);
  if (otherwise == nullptr) otherwise = stock;
  if (!PyUnicode_Check(name)) {
    return py::raise(PyExc_TypeError, "the name of a function is expected, got %R", name);
  }
  for (auto list : {std::span<const Implementation>(kCombinators),
                    lock_functions(),
                    event_functions(),
                    semaphore_functions(),
                    condition_functions(),
                    barrier_functions(),
                    queue_functions(),
                    timeout_functions(),
                    wait_for_functions(),
                    task_group_functions(),
                    spawn_functions(),
                    shield_functions(),
                    bridge_functions(),
                    reader_functions(),
                    reading_functions(),
                    flow_functions(),
                    stream_protocol_functions(),
                    writer_functions(),
                    socket_functions(),
                    pipe_functions(),
                    std::span<const Implementation>(&no_implementation, 1),
                    std::span<const Implementation>(&stock_without_keywords, 1)}) {
    for (const Implementation& each : list) {
      if (PyUnicode_CompareWithASCIIString(name, each.name) == 0) {
        return make_function(state, each, stock, otherwise);
      }
    }
  }
  return py::raise(PyExc_LookupError, "no implementation of %R", name);
}

// The type that a class given to set_classes() must derive from, because C++ code makes instances
// of it or treats them as its own. Null: any object will do.
PyTypeObject* core_of(const State& state, const Ref<>& field) noexcept {
  const std::pair<const Ref<>*, const Ref<PyTypeObject>*> cores[] = {
      {&state.lock_class, &state.lock_core},
      {&state.condition_class, &state.condition_core},
      {&state.queue_class, &state.queue_core},
      {&state.lifo_queue_class, &state.queue_core},
      {&state.priority_queue_class, &state.queue_core},
      {&state.timeout_class, &state.timeout_core},
      {&state.stream_reader_class, &state.reader_core},
      {&state.stream_writer_class, &state.writer_core},
      {&state.stream_protocol_class, &state.stream_protocol_core},
      {&state.stream_transport_class, &state.stream_transport_type},
      {&state.subprocess_protocol_class, &state.flow_core}};
  for (auto [each, core] : cores) {
    if (each == &field) return core->get();
  }
  return nullptr;
}

int set_class(const State& state, Ref<>& field, PyObject* name, PyObject* value) noexcept {
  PyTypeObject* core = core_of(state, field);
  const bool fits =
      core == nullptr ||
      (PyType_Check(value) && PyType_IsSubtype(reinterpret_cast<PyTypeObject*>(value), core) != 0);
  if (!fits) {
    return py::raise(PyExc_TypeError, "%R: a class made of %R is expected, got %R", name,
                     py::object(core), value);
  }
  field = py::borrow(value);
  return 0;
}

// set_classes(Lock=..., ...): every class that has been made of a core and is made instances of.
Ref<> set_classes(PyObject* self, py::Args args) noexcept {
  State& state = *reinterpret_cast<State*>(self);
  for (Py_ssize_t i = 0; i < args.keyword_count(); ++i) {
    PyObject* name = args.keyword_name(i);
#define PHASELOOP_CLASS(field, text)                                                       \
  if (PyUnicode_CompareWithASCIIString(name, text) == 0) {                                 \
    if (set_class(state, state.field, name, args.keyword_value(i)) < 0) return py::raised; \
    continue;                                                                              \
  }
    PHASELOOP_CLASSES(PHASELOOP_CLASS)
#undef PHASELOOP_CLASS
    return py::raise(PyExc_TypeError, "no class %R is expected", name);
  }
  return py::none();
}

Ref<> signal_came(PyObject* self) noexcept {
  ++reinterpret_cast<State*>(self)->signals;
  return py::none();
}

Ref<> set_task_attribute(PyObject* self, py::Args args) noexcept {
  PyObject *name = nullptr, *value = nullptr;
  if (py::bind({"set_task_attribute", 2, 1}, args, {{"", &name}, {"", &value}}) < 0) {
    return py::raised;
  }
  if (!PyUnicode_Check(name)) {
    return py::raise(PyExc_TypeError, "the name of an attribute is expected, got %R", name);
  }
  PyTypeObject* type = reinterpret_cast<State*>(self)->task_type.get();
  const int set = value != nullptr ? PyDict_SetItem(type->tp_dict, name, value)
                                   : PyDict_DelItem(type->tp_dict, name);
  if (set < 0) return py::raised;
  PyType_Modified(type);
  return py::none();
}

Ref<> make_frame(PyObject*, py::Args args) noexcept {
  PyObject *code = nullptr, *globals = nullptr;
  if (py::bind({"new_frame", 2, 2}, args, {{"", &code}, {"", &globals}}) < 0) return py::raised;
  return new_frame(code, globals);
}

Ref<> take_for_coroutines(PyObject* self, PyObject* iscoroutine) noexcept {
  reinterpret_cast<State*>(self)->is_coroutine = py::borrow(iscoroutine);
  return py::none();
}

PyMethodDef functions[] = {
    py::method<function>("function",
                         "function($module, /, name, stock, otherwise=None)\n--\n\nThe native "
                         "implementation of that name, a function in place of `stock`. Calls that "
                         "are not plain go to `otherwise` if it is given, else to `stock`. With "
                         "the name no_implementation all go there; with stock_without_keywords "
                         "those with keyword arguments do, the others to `stock`."),
    py::method<set_task_attribute>(
        "set_task_attribute",
        "set_task_attribute($module, name, value=<unset>, /)\n--\n\nSet an attribute of the class "
        "Task, which no Python code can; without a value: delete it."),
    py::method<take_for_coroutines>(
        "take_for_coroutines",
        "take_for_coroutines($module, iscoroutine, /)\n--\n\nTasks ask iscoroutine(object) whether "
        "they may run what is no coroutine of `async def`."),
    py::method<set_classes>("set_classes",
                            "set_classes($module, /, **classes)\n--\n\n"
                            "Tell which classes have been made of the cores."),
    py::method<list_tasks_with>(
        "list_tasks_with",
        "list_tasks_with($module, show, /)\n--\n\nCall "
        "show() before the first native task. None: again before the next."),
    py::method<make_frame>("new_frame",
                           "new_frame($module, code, globals, /)\n--\n\nA frame of that code, "
                           "which nothing runs."),
    py::method<signal_came>("signal_came",
                            "signal_came($module, /)\n--\n\nFrom a signal handler: running "
                            "loops look at their descriptors in the next iteration."),
    py::method<numeric_address>("numeric_address",
                                "numeric_address($module, host, port, family, type, proto, flags, "
                                "/)\n--\n\nThe address of the one entry that "
                                "socket.getaddrinfo() has, if it follows from these alone; else "
                                "None."),
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
  Ref<State> state = checked(new_state());
  Ref<> home = checked(new_state_home(*state.get()));
  checked(take_handle_classes(*state.get()));
  checked(study_base_task(*state.get()));
  checked(study_thread_state(*state.get()));
  make_types(*state.get(), home.get());
  for (PyTypeObject* type : {state->loop_type.get(),
                             state->future_type.get(),
                             state->task_type.get(),
                             state->gathering_future_type.get(),
                             state->handle_type.get(),
                             state->timer_handle_type.get(),
                             state->lock_core.get(),
                             state->event_core.get(),
                             state->barrier_core.get(),
                             state->semaphore_core.get(),
                             state->condition_core.get(),
                             state->queue_core.get(),
                             state->timeout_core.get(),
                             state->task_group_core.get(),
                             state->stream_transport_type.get(),
                             state->datagram_transport_type.get(),
                             state->listener_type.get(),
                             state->reader_core.get(),
                             state->flow_core.get(),
                             state->stream_protocol_core.get(),
                             state->writer_core.get()}) {
    checked(PyModule_AddType(module.ptr(), type));
  }
  add_functions(*state.get(), module.ptr());
  add_command_line(module);
}

}  // namespace
}  // namespace phaseloop

PYBIND11_MODULE(_native, module, py11::mod_gil_not_used(),
                py11::multiple_interpreters::per_interpreter_gil()) {
  module.doc() = "The native core of phaseloop. Use the package, not this module.";
  phaseloop::initialise(module);
}
