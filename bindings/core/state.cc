#include "bindings/core/state.h"

#include <bit>
#include <new>
#include <string_view>

#include "bindings/core/loop_data.h"
#include "bindings/core/stock.h"
#include "bindings/py/call.h"
#include "bindings/py/version.h"

namespace phaseloop {
namespace {

template <class Visit>
int for_each_ref(State& state, Visit&& visit) noexcept {
  int result = 0;
#define PHASELOOP_FIELD(field, ...) \
  if (result == 0) result = visit(state.field);
  PHASELOOP_IMPORTS(PHASELOOP_FIELD)
  PHASELOOP_TYPES(PHASELOOP_FIELD)
#undef PHASELOOP_FIELD
#define PHASELOOP_FIELD(field) \
  if (result == 0) result = visit(state.names.field);
  PHASELOOP_NAMES(PHASELOOP_FIELD)
#undef PHASELOOP_FIELD
#define PHASELOOP_FIELD(field, ...) \
  if (result == 0) result = visit(state.field);
  PHASELOOP_CLASSES(PHASELOOP_FIELD)
#undef PHASELOOP_FIELD
  for (Ref<>* ref : {&state.context_keyword,   &state.empty_tuple,        &state.newline,
                     &state.current_tasks,     &state.swap_current_task,  &state.current_task,
                     &state.register_task,     &state.unregister_task,    &state.show_tasks,
                     &state.queue_shut_down,   &state.timeout_created,    &state.timeout_entered,
                     &state.timeout_expiring,  &state.timeout_exited,     &state.barrier_filling,
                     &state.barrier_draining,  &state.barrier_resetting,  &state.barrier_broken,
                     &state.add_awaited_by,    &state.discard_awaited_by, &state.events_module,
                     &state.base_events_module}) {
    if (result == 0) result = visit(*ref);
  }
  return result;
}

template <class Visit>
int for_each_free_list(State& state, Visit visit) noexcept {
  int result = 0;
  for (py::FreeList* list :
       {&state.handles, &state.timer_handles, &state.futures, &state.tasks, &state.gatherings,
        &state.future_iters, &state.sleeps, &state.socket_calls}) {
    if (result == 0) result = visit(*list);
  }
  for (py::FreeList& list : state.routines) {
    if (result == 0) result = visit(list);
  }
  return result;
}

int traverse(PyObject* self, visitproc visit, void* arg) noexcept {
  State& state = *reinterpret_cast<State*>(self);
  Py_VISIT(Py_TYPE(self));
  const int result =
      for_each_free_list(state, [&](auto& list) { return list.traverse(visit, arg); });
  if (result != 0) return result;
  return for_each_ref(state, [&](auto& ref) { return ref ? visit(ref.obj(), arg) : 0; });
}

void dealloc(PyObject* self) noexcept {
  PyObject_GC_UnTrack(self);
  State& state = *reinterpret_cast<State*>(self);
  for_each_free_list(state, [](auto& list) {
    list.drain();
    return 0;
  });
  state.stop.drop();
  for_each_ref(state, [](auto& ref) {
    ref = nullptr;
    return 0;
  });
  delete std::exchange(state.foreign_loop, nullptr);
  delete std::exchange(state.hand_over, nullptr);
  py::free_object(self);
}

// --- the module that owns it ------------------------------------------------------------------

// Null while the module is being made.
Ref<State>* owned_by(PyObject* module) noexcept {
  return static_cast<Ref<State>*>(PyModule_GetState(module));
}

int traverse_home(PyObject* module, visitproc visit, void* arg) noexcept {
  if (Ref<State>* state = owned_by(module)) Py_VISIT(state->obj());
  return 0;
}
void free_home(void* module) noexcept {
  if (Ref<State>* state = owned_by(static_cast<PyObject*>(module))) *state = nullptr;
}

PyModuleDef home_definition = {PyModuleDef_HEAD_INIT,
                               "phaseloop._native",
                               nullptr,
                               static_cast<Py_ssize_t>(sizeof(Ref<State>)),
                               nullptr,
                               nullptr,
                               traverse_home,
                               nullptr,
                               free_home};

// A trailing underscore keeps a name from being a keyword of C++.
Ref<> intern_name(const char* field) noexcept {
  std::string_view name(field);
  if (name.ends_with("w_")) name.remove_suffix(1);
  Ref<> text =
      py::steal(PyUnicode_FromStringAndSize(name.data(), static_cast<Py_ssize_t>(name.size())));
  PyObject* interned = text.release();
  if (interned != nullptr) PyUnicode_InternInPlace(&interned);
  return py::steal(interned);
}

bool intern_names(State& state) noexcept {
#define PHASELOOP_FIELD(field)             \
  state.names.field = intern_name(#field); \
  if (!state.names.field) return false;
  PHASELOOP_NAMES(PHASELOOP_FIELD)
#undef PHASELOOP_FIELD
  return true;
}

// _asyncio imports asyncio, which imports _asyncio. If _asyncio is imported first, releases
// until 3.13 make two of it, and asyncio.current_task() looks at the tables of the other.
bool import_asyncio(State& state) noexcept {
  if (!py::steal(PyImport_ImportModule("asyncio"))) return false;
#define PHASELOOP_FIELD(field, module, attribute) \
  state.field = from_asyncio(module, attribute);  \
  if (!state.field) return false;
  PHASELOOP_IMPORTS(PHASELOOP_FIELD)
#undef PHASELOOP_FIELD
  state.events_module = py::steal(PyImport_ImportModule("asyncio.events"));
  state.base_events_module = py::steal(PyImport_ImportModule("asyncio.base_events"));
  if (!state.events_module || !state.base_events_module) return false;
  if constexpr (version::kTasksInThreadState) {
    state.swap_current_task = from_asyncio("_asyncio", "_swap_current_task");
    state.current_task = from_asyncio("_asyncio", "current_task");
    state.register_task = from_asyncio_if_there("_asyncio", "_register_task");
    state.unregister_task = from_asyncio_if_there("_asyncio", "_unregister_task");
    state.add_awaited_by = from_asyncio("_asyncio", "future_add_to_awaited_by");
    state.discard_awaited_by = from_asyncio("_asyncio", "future_discard_from_awaited_by");
    return state.swap_current_task && state.current_task && state.add_awaited_by &&
           state.discard_awaited_by && PyErr_Occurred() == nullptr;
  } else {
    state.current_tasks = from_asyncio("_asyncio", "_current_tasks");
    // Without asyncio's own, asyncio.current_task() does not see which task of ours runs.
    if (state.current_tasks && !PyDict_Check(state.current_tasks.get())) {
      state.current_tasks = py::steal(PyDict_New());
    }
    return static_cast<bool>(state.current_tasks);
  }
}

// A member of one of asyncio's enumerations. One that is not there is an object which no attribute
// is, so that asyncio's own code decides.
bool take_phase(Ref<>& phase, PyObject* phases, const char* name) noexcept {
  phase = attribute_if_there(phases, name);
  if (!phase && PyErr_Occurred() == nullptr) phase = py::call(py::object(&PyBaseObject_Type));
  return static_cast<bool>(phase);
}

bool take_phases(State& state) noexcept {
  PyObject* states = state.timeout_states.get();
  PyObject* phases = state.barrier_phases.get();
  return take_phase(state.timeout_created, states, "CREATED") &&
         take_phase(state.timeout_entered, states, "ENTERED") &&
         take_phase(state.timeout_expiring, states, "EXPIRING") &&
         take_phase(state.timeout_exited, states, "EXITED") &&
         take_phase(state.barrier_filling, phases, "FILLING") &&
         take_phase(state.barrier_draining, phases, "DRAINING") &&
         take_phase(state.barrier_resetting, phases, "RESETTING") &&
         take_phase(state.barrier_broken, phases, "BROKEN");
}

// Whether waking the next one says if there was one: it does where a release lets in many.
bool study_semaphore(State& state) noexcept {
  Ref<> wake = attribute_if_there(state.stock_semaphore.get(), "_wake_up_next");
  if (!wake) return PyErr_Occurred() == nullptr;
  Ref<> semaphore = py::call(state.stock_semaphore.get());
  Ref<> woken = semaphore ? py::call(wake.get(), semaphore.get()) : nullptr;
  state.semaphore_wakes_many = woken.get() == Py_False;
  // One that is made in another way answers to none of this.
  if (!woken) py::ignore_error();
  return true;
}

// The behaviour of the primitives is read off their own code, which no version number tells:
// maintenance releases and distributions differ. What can't be read off is taken for "no".
bool study_primitives(State& state) noexcept {
  Ref<> queues = py::steal(PyImport_ImportModule("asyncio.queues"));
  if (!queues) return false;
  state.queue_shut_down = attribute_if_there(queues.get(), "QueueShutDown");
  if (!take_phases(state)) return false;
  state.condition_renotifies =
      static_cast<bool>(attribute_if_there(state.stock_condition.get(), "_notify"));
  Ref<> code = attribute_if_there(state.stock_wait_for.get(), "__code__");
  Ref<> names = code ? attribute_if_there(code.get(), "co_names") : nullptr;
  Ref<> timeouts = py::steal(PyUnicode_FromString("timeouts"));
  if (!timeouts || PyErr_Occurred() != nullptr) return false;
  const int uses = names ? PySequence_Contains(names.get(), timeouts.get()) : 0;
  if (uses < 0) return false;
  state.wait_for_makes_task = uses == 0;
  return study_semaphore(state);
}

PyType_Slot slots[] = {{Py_tp_traverse, reinterpret_cast<void*>(traverse)},
                       {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
                       {0, nullptr}};
PyType_Spec spec = {"phaseloop._native._State", sizeof(State), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                    slots};

}  // namespace

Ref<State> new_state() noexcept {
  Ref<> type = py::steal(PyType_FromSpec(&spec));
  if (!type) return py::raised;
  auto* as_type = reinterpret_cast<PyTypeObject*>(type.get());
  Ref<State> state = py::steal(reinterpret_cast<State*>(as_type->tp_alloc(as_type, 0)));
  if (!state) return py::raised;
  state->foreign_loop = new (std::nothrow) LoopData(*state.get(), nullptr);
  if (state->foreign_loop == nullptr) return PyErr_NoMemory(), py::raised;
  state->hand_over = new (std::nothrow) HandOver;
  if (state->hand_over == nullptr) return PyErr_NoMemory(), py::raised;
  if (!intern_names(*state.get()) || !import_asyncio(*state.get()) ||
      !study_primitives(*state.get())) {
    return py::raised;
  }
  state->context_keyword = py::steal(PyTuple_Pack(1, state->names.context.get()));
  state->empty_tuple = py::steal(PyTuple_New(0));
  state->newline = py::steal(PyBytes_FromStringAndSize("\n", 1));
  if (!state->context_keyword || !state->empty_tuple || !state->newline) return py::raised;
  return state;
}

Ref<> new_state_home(State& state) noexcept {
  Ref<> module = py::steal(PyModule_Create(&home_definition));
  if (module) *owned_by(module.get()) = py::borrow(&state);
  return module;
}

State* state_of_type(PyTypeObject* type) noexcept {
  PyObject* module = PyType_GetModuleByDef(type, &home_definition);
  return module != nullptr ? owned_by(module)->get() : nullptr;
}

std::int64_t next_hash(State& state) noexcept { return ++state.hashes; }

void align_hashes(State& state, std::size_t count) noexcept {
  // A set of n keeps at most 8n slots or 8; numbers that start at a multiple of that do not wrap.
  const auto slots_max = static_cast<std::int64_t>(std::bit_ceil(count * 8 + 8));
  state.hashes = (state.hashes / slots_max + 1) * slots_max - 1;
}

}  // namespace phaseloop
