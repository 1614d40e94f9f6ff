// The module phaseloop._native: makes the types, in order, and offers what pyshim builds on.
//
// It is declared with CPython's own interface. pybind11 keeps a record per interpreter that it
// never frees, and with it the whole heap of every interpreter that has ended (1.7 MB for one that
// has imported nothing else); and before 3.12 it waits forever for the GIL where a subinterpreter
// imports a module of its. phaseloop._command_line, which is for the main interpreter, uses it.
#include <Python.h>

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
#include "runtime/poll/epoll_poller.h"

namespace phaseloop {
namespace {

// False: the error is set.
bool take(Ref<PyTypeObject>& field, Ref<PyTypeObject> made) noexcept {
  field = std::move(made);
  return static_cast<bool>(field);
}

// Each may need those before it. False: the error is set.
bool make_types(State& state, PyObject* module) noexcept {
  return take(state.foreign_handle_type, new_foreign_handle_type(module)) &&
         take(state.work_call_type, new_work_call_type(module)) &&
         take(state.timer_call_type, new_timer_call_type(module)) &&
         take(state.handle_type, new_handle_type(state, module)) &&
         take(state.timer_handle_type, new_timer_handle_type(state, module)) &&
         (!version::kThreadSafeHandles ||
          take(state.threadsafe_handle_type, new_threadsafe_handle_type(state, module))) &&
         take(state.loop_type, new_loop_type(module)) &&
         take(state.future_type, new_future_type(state, module)) &&
         take(state.task_type, new_task_type(state, module)) &&
         take(state.future_iter_type, new_future_iter_type(module)) &&
         take(state.operation_type, new_operation_type(module)) &&
         take(state.gathering_future_type, new_gathering_future_type(state, module)) &&
         take(state.sleep_type, new_sleep_type(state, module, false)) &&
         take(state.collected_sleep_type, new_sleep_type(state, module, true)) &&
         take(state.wait_type, new_wait_type(state, module)) &&
         take(state.as_completed_type, new_as_completed_type(module)) &&
         take(state.next_completed_type, new_next_completed_type(state, module)) &&
         take(state.routine_type, new_routine_type(module)) &&
         take(state.function_type, new_function_type(module)) &&
         take(state.shield_type, new_shield_type(module)) &&
         take(state.bridge_type, new_bridge_type(module)) &&
         take(state.lock_core, new_lock_core(module)) &&
         take(state.event_core, new_event_core(module)) &&
         take(state.semaphore_core, new_semaphore_core(module)) &&
         take(state.condition_core, new_condition_core(module)) &&
         take(state.barrier_core, new_barrier_core(module)) &&
         take(state.queue_core, new_queue_core(module)) &&
         take(state.timeout_core, new_timeout_core(module)) &&
         take(state.wait_for_release_type, new_wait_for_release_type(module)) &&
         take(state.task_group_core, new_task_group_core(module)) &&
         take(state.stream_transport_type, new_stream_type(state, module)) &&
         take(state.datagram_transport_type, new_datagram_type(state, module)) &&
         take(state.listener_type, new_listener_type(module)) &&
         take(state.socket_call_type, new_socket_call_type(state, module)) &&
         take(state.reader_core, new_reader_core(module)) &&
         take(state.flow_core, new_flow_core(module)) &&
         take(state.stream_protocol_core, new_stream_protocol_core(state, module)) &&
         take(state.writer_core, new_writer_core(module));
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

// Bound to the state rather than to the module: that is what they need at every call.
int add_functions(State& state, PyObject* module) noexcept {
  Ref<> name = py::steal(PyModule_GetNameObject(module));
  if (!name) return -1;
  for (PyMethodDef* def = functions; def->ml_name != nullptr; ++def) {
    Ref<> function = py::steal(PyCFunction_NewEx(def, py::object(&state), name.get()));
    if (!function || PyModule_AddObjectRef(module, def->ml_name, function.get()) < 0) return -1;
  }
  return 0;
}

int add_types(State& state, PyObject* module) noexcept {
  for (PyTypeObject* type : {state.loop_type.get(),
                             state.future_type.get(),
                             state.task_type.get(),
                             state.gathering_future_type.get(),
                             state.handle_type.get(),
                             state.timer_handle_type.get(),
                             state.lock_core.get(),
                             state.event_core.get(),
                             state.barrier_core.get(),
                             state.semaphore_core.get(),
                             state.condition_core.get(),
                             state.queue_core.get(),
                             state.timeout_core.get(),
                             state.task_group_core.get(),
                             state.stream_transport_type.get(),
                             state.datagram_transport_type.get(),
                             state.listener_type.get(),
                             state.reader_core.get(),
                             state.flow_core.get(),
                             state.stream_protocol_core.get(),
                             state.writer_core.get()}) {
    if (PyModule_AddType(module, type) < 0) return -1;
  }
  return 0;
}

int initialise(PyObject* module) noexcept {
  Ref<State> state = new_state();
  if (!state) return -1;
  study_thread_state(*state.get());
  Ref<> home = new_state_home(*state.get());
  if (!home || take_handle_classes(*state.get()) < 0 || study_base_task(*state.get()) < 0 ||
      !make_types(*state.get(), home.get()) || add_types(*state.get(), module) < 0 ||
      add_functions(*state.get(), module) < 0) {
    return -1;
  }
  if (PyModule_AddStringConstant(module, "version", PHASELOOP_VERSION) < 0) return -1;
  return PyModule_AddStringConstant(module, "poller", EpollPoller::kDescription);
}

// One module an interpreter, however often it is imported: its types stand in other modules' places
// once it is installed. The interpreter's own dictionary remembers it. Borrowed; null: none yet, or
// an error is set.
constexpr const char* kRemembered = "phaseloop._native";
PyObject* interpreter_dictionary() noexcept {
  PyObject* dictionary = PyInterpreterState_GetDict(PyInterpreterState_Get());
  if (dictionary == nullptr) py::raise(PyExc_RuntimeError, "this interpreter is shutting down");
  return dictionary;
}

PyObject* create(PyObject* spec, PyModuleDef*) noexcept {
  PyObject* remembered = interpreter_dictionary();
  if (remembered == nullptr) return nullptr;
  Ref<> key = py::steal(PyUnicode_FromString(kRemembered));
  if (!key) return nullptr;
  if (PyObject* module = PyDict_GetItemWithError(remembered, key.get())) {
    return py::borrow(module).release();
  }
  if (PyErr_Occurred() != nullptr) return nullptr;
  Ref<> name = py::steal(PyObject_GetAttrString(spec, "name"));
  return name ? PyModule_NewObject(name.get()) : nullptr;
}

int execute(PyObject* module) noexcept {
  PyObject* remembered = interpreter_dictionary();
  if (remembered == nullptr) return -1;
  if (PyObject_HasAttrString(module, "Loop") != 0) return 0;
  if (initialise(module) < 0) return -1;
  return PyDict_SetItemString(remembered, kRemembered, module);
}

PyModuleDef_Slot slots[] = {{Py_mod_create, reinterpret_cast<void*>(create)},
                            {Py_mod_exec, reinterpret_cast<void*>(execute)},
#if PY_VERSION_HEX >= 0x030c0000
                            {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#if PY_VERSION_HEX >= 0x030d0000
                            {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
                            {0, nullptr}};
PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "phaseloop._native",
    .m_doc = "The native core of phaseloop. Use the package, not this module.",
    .m_size = 0,
    .m_methods = nullptr,
    .m_slots = slots,
    .m_traverse = nullptr,
    .m_clear = nullptr,
    .m_free = nullptr};

}  // namespace
}  // namespace phaseloop

PyMODINIT_FUNC PyInit__native() {
#if PY_VERSION_HEX < 0x030c0000
  if (PyInterpreterState_Get() != PyInterpreterState_Main()) {
    PyErr_SetString(PyExc_ImportError,
                    "phaseloop runs in subinterpreters from Python 3.12 on: before, asyncio itself "
                    "shares its tasks among them");
    return nullptr;
  }
#endif
  return PyModuleDef_Init(&phaseloop::definition);
}
