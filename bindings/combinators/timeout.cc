#include "bindings/combinators/timeout.h"

#include <new>

#include "bindings/combinators/timing.h"
#include "bindings/core/current_task.h"
#include "bindings/core/work.h"
#include "bindings/objects/operation.h"
#include "bindings/objects/task.h"
#include "bindings/py/call.h"
#include "bindings/py/field.h"
#include "bindings/py/gc.h"
#include "bindings/routine/routine.h"

namespace phaseloop {

struct TimeoutFields {
  PyObject_HEAD
  Ref<> state;       // asyncio's enumeration
  Ref<> when;        // a float on the loop's clock, or None
  Ref<> task;        // that entered it
  Ref<> cancelling;  // its task.cancelling() then
  Ref<> handler;     // asyncio's handle, where the timer is not ours
  Ref<> loop;        // while the timer is wanted
  LoopData* data;    // of the loop on which it was entered

  auto refs() { return std::tie(state, when, task, cancelling, handler, loop); }
};
struct TimeoutCore : TimeoutFields, Timer {};

PyObject* object_of(TimeoutCore& timeout) noexcept { return reinterpret_cast<PyObject*>(&timeout); }

namespace {

using py::Args;

TimeoutCore& timeout_of(PyObject* self) noexcept { return *reinterpret_cast<TimeoutCore*>(self); }
TimeoutCore& timeout_of(Runnable& work) noexcept {
  return static_cast<TimeoutCore&>(static_cast<Timer&>(work));
}

// --- the deadline -----------------------------------------------------------------------------

int cancel(State& state, PyObject* task) noexcept {
  if (Py_IS_TYPE(task, state.task_type.get())) return cancel_task(task_data(task), Py_None);
  return py::call_method(task, state.names.cancel.get()) ? 0 : -1;
}

void run(Runnable& work) noexcept {
  TimeoutCore& timeout = timeout_of(work);
  Ref<> share = py::steal(object_of(timeout));
  Ref<> loop = std::move(timeout.loop);
  if (!loop || !timeout.task) return;  // left since it fell due
  State& state = timeout.data->state;
  Ref<> task = timeout.task.share();
  leave_standing_task(*timeout.data);
  if (cancel(state, task.get()) < 0) py::write_unraisable(object_of(timeout));
  timeout.state = state.timeout_expiring.share();
}
void drop(Runnable& work) noexcept { Ref<> share = py::steal(object_of(timeout_of(work))); }
PyObject* owner(Runnable& work) noexcept { return object_of(timeout_of(work)); }
constexpr WorkKind kTimerKind{{run, drop}, owner, nullptr};

void disarm_timer(TimeoutCore& timeout) noexcept {
  Ref<> loop = std::move(timeout.loop);
  if (!timeout.armed()) return;  // or due already: then it finds that nobody wants it
  timeout.data->events->disarm(timeout);
  Ref<> share = py::steal(object_of(timeout));
}

int arm(LoopData& data, TimeoutCore& timeout, double when) noexcept {
  if (!data.events->call_at(timeout, to_deadline(when))) {
    PyErr_NoMemory();
    return -1;
  }
  timeout.data = &data;
  timeout.loop = py::borrow(data.object);
  py::acquire(object_of(timeout));
  return 0;
}

// --- entering and leaving ---------------------------------------------------------------------

// The deadline lies ahead: 1. It does not, or there is none, or it is no plain number: 0.
bool lies_ahead(LoopData& data, PyObject* when, double& seconds) noexcept {
  return when != nullptr && as_seconds(when, seconds) && seconds > to_seconds(data.events->now());
}

// What the native loop's running task enters. 0, or -1 with an error set.
int enter(LoopData& data, TimeoutCore& timeout) noexcept {
  State& state = data.state;
  PyObject* task = stepping.task;
  // Its state has been set back by hand while it was entered, perhaps on another loop.
  disarm_timer(timeout);
  timeout.cancelling =
      py::steal(PyLong_FromLong(static_cast<long>(task_data(task).cancel.requests())));
  if (!timeout.cancelling) return -1;
  timeout.task = py::borrow(task);
  timeout.state = state.timeout_entered.share();
  timeout.data = &data;
  double seconds = 0;
  if (!timeout.when || timeout.when.get() == Py_None) return 0;
  if (lies_ahead(data, timeout.when.get(), seconds) && !data.debug && !timeout.linked()) {
    if (check_closed(data) < 0) return -1;
    return arm(data, timeout, seconds);
  }
  Ref<> reschedule = py::steal(PyObject_GetAttrString(state.stock_timeout.get(), "reschedule"));
  return reschedule && py::call(reschedule.get(), object_of(timeout), timeout.when.get()) ? 0 : -1;
}

Body enter_with(Call&, TimeoutCore& timeout) {
  Routine& self = co_await this_routine;
  LoopData* data = driving_loop();
  if (data == nullptr || timeout.state.get() != self.state->timeout_created.get()) {
    Ref<> stock = py::steal(PyObject_GetAttrString(self.state->stock_timeout.get(), "__aenter__"));
    self.keep[0] = stock ? py::call(stock.get(), object_of(timeout)) : nullptr;
    stock = nullptr;
    if (!self.keep[0] || !co_await await_stock(self, self.keep[0].get())) co_return py::raised;
    co_return std::move(self.result);
  }
  if (enter(*data, timeout) < 0) co_return py::raised;
  co_return py::borrow(object_of(timeout));
}

bool leave(State& state, TimeoutCore& timeout) noexcept {
  if (timeout.handler && timeout.handler.get() != Py_None) return false;
  if (timeout.state.get() != state.timeout_entered.get()) return false;
  disarm_timer(timeout);
  timeout.state = state.timeout_exited.share();
  return true;
}

// keep[0]: what __aexit__ was given.
Body leave_with(Call&, TimeoutCore& timeout) {
  Routine& self = co_await this_routine;
  if (leave(*self.state, timeout)) co_return py::none();
  Ref<> stock = py::steal(PyObject_GetAttrString(self.state->stock_timeout.get(), "__aexit__"));
  self.keep[0] = stock ? py::steal(PyObject_CallObject(stock.get(), self.keep[0].get())) : nullptr;
  stock = nullptr;
  if (!self.keep[0] || !co_await await_stock(self, self.keep[0].get())) co_return py::raised;
  co_return std::move(self.result);
}

// --- the methods ------------------------------------------------------------------------------

bool is_plain(State& state, PyObject* self) noexcept {
  return py::object(Py_TYPE(self)) == state.timeout_class.get();
}

Ref<> call_enter(State& state, Args args) noexcept {
  if (args.count() != 1 || args.keyword_count() != 0 || !is_plain(state, args[0])) return nullptr;
  Call call{state, "Timeout.__aenter__", args[0]};
  return enter_with(call, timeout_of(args[0])).object;
}

Ref<> call_exit(State& state, Args args) noexcept {
  if (args.count() != 4 || args.keyword_count() != 0 || !is_plain(state, args[0])) return nullptr;
  Call call{state, "Timeout.__aexit__", args[0]};
  Ref<> made = leave_with(call, timeout_of(args[0])).object;
  if (!made) return py::raised;
  call.made->keep[0] = args.tuple_from(0);
  return call.made->keep[0] ? std::move(made) : nullptr;
}

Ref<> call_reschedule(State& state, Args args) noexcept {
  if (args.count() != 2 || args.keyword_count() != 0 || !is_plain(state, args[0])) return nullptr;
  TimeoutCore& timeout = timeout_of(args[0]);
  if (timeout.state.get() != state.timeout_entered.get()) return nullptr;
  disarm_timer(timeout);
  LoopData* data = driving_loop();
  double seconds = 0;
  const bool ours = data != nullptr && !data->debug && !data->closed && !timeout.linked() &&
                    (!timeout.handler || timeout.handler.get() == Py_None);
  if (!ours || !lies_ahead(*data, args[1], seconds)) return nullptr;
  timeout.when = py::borrow(args[1]);
  return arm(*data, timeout, seconds) < 0 ? Ref<>() : py::none();
}

// --- timeout(), timeout_at() ------------------------------------------------------------------

PyObject* create(PyTypeObject* type, PyObject*, PyObject*) noexcept {
  PyObject* made = type->tp_alloc(type, 0);
  if (made != nullptr) ::new (static_cast<Timer*>(&timeout_of(made))) Timer(kTimerKind);
  return made;
}

// Somebody has given the class a __new__() of his own.
[[gnu::cold]] Ref<> make_by_class(State& state, const Ref<>& type, PyObject* when) noexcept {
  if (!type) return py::raise(PyExc_SystemError, "phaseloop is not initialised");
  Ref<> made = py::call(type.get(), when);
  if (!made || PyObject_TypeCheck(made.get(), state.timeout_core.get()) != 0) return made;
  return py::raise(PyExc_TypeError, "a timeout is expected, got %R", made.get());
}

Ref<> make(State& state, Ref<> when) noexcept {
  if (!when) return py::raised;
  Ref<> type = state.timeout_class.share();
  if (!type || reinterpret_cast<PyTypeObject*>(type.get())->tp_new != create) {
    return make_by_class(state, type, when.get());
  }
  Ref<> made = py::steal(
      create(reinterpret_cast<PyTypeObject*>(type.get()), state.empty_tuple.get(), nullptr));
  if (!made) return py::raised;
  TimeoutCore& timeout = timeout_of(made.get());
  timeout.when = std::move(when);
  timeout.state = state.timeout_created.share();
  return made;
}

Ref<> deadline(LoopData& data, double seconds) noexcept {
  return py::steal(PyFloat_FromDouble(to_seconds(data.events->now()) + seconds));
}

Ref<> call_timeout(State& state, Args args) noexcept {
  if (args.count() != 1 || args.keyword_count() != 0) return nullptr;
  LoopData* data = driving_loop();
  double seconds = 0;
  if (data == nullptr) return nullptr;
  if (args[0] == Py_None) return make(state, py::none());
  return as_seconds(args[0], seconds) ? make(state, deadline(*data, seconds)) : nullptr;
}

Ref<> call_timeout_at(State& state, Args args) noexcept {
  if (args.count() != 1 || args.keyword_count() != 0 || driving_loop() == nullptr) return nullptr;
  return make(state, py::borrow(args[0]));
}

constexpr Implementation kFunctions[] = {{"Timeout.__aenter__", call_enter},
                                         {"Timeout.__aexit__", call_exit},
                                         {"Timeout.reschedule", call_reschedule},
                                         {"timeout", call_timeout},
                                         {"timeout_at", call_timeout_at}};

int clear(PyObject* self) noexcept {
  disarm_timer(timeout_of(self));
  py::clear_refs(timeout_of(self));
  return 0;
}

void dealloc(PyObject* self) noexcept {
  PyObject_GC_UnTrack(self);
  clear(self);
  py::free_object(self);
}

}  // namespace

Ref<> enter_timeout(LoopData& data, double seconds) noexcept {
  Ref<> made = make(data.state, deadline(data, seconds));
  if (!made || enter(data, timeout_of(made.get())) < 0) return py::raised;
  return made;
}

bool leave_timeout(PyObject* timeout) noexcept {
  TimeoutCore& self = timeout_of(timeout);
  State* state = self.data != nullptr ? &self.data->state : nullptr;
  return state != nullptr && leave(*state, self);
}

std::span<const Implementation> timeout_functions() noexcept { return kFunctions; }

Ref<PyTypeObject> new_timeout_core(PyObject* module) noexcept {
  static PyGetSetDef fields[] = {py::object_field<&TimeoutCore::state>("_state"),
                                 py::object_field<&TimeoutCore::when>("_when"),
                                 py::object_field<&TimeoutCore::task>("_task"),
                                 py::object_field<&TimeoutCore::cancelling>("_cancelling"),
                                 py::object_field<&TimeoutCore::handler>("_timeout_handler"),
                                 {}};
  static PyType_Slot slots[] = {
      {Py_tp_traverse, reinterpret_cast<void*>(py::Gc<TimeoutCore>::traverse)},
      {Py_tp_clear, reinterpret_cast<void*>(clear)},
      {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
      {Py_tp_getset, fields},
      {Py_tp_new, reinterpret_cast<void*>(create)},
      {0, nullptr}};
  PyType_Spec spec = {"phaseloop._native.TimeoutCore", sizeof(TimeoutCore), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE, slots};
  return py::steal(
      reinterpret_cast<PyTypeObject*>(PyType_FromModuleAndSpec(module, &spec, nullptr)));
}

}  // namespace phaseloop
