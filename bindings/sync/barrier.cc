#include "bindings/core/core_type.h"
#include "bindings/py/call.h"
#include "bindings/py/field.h"
#include "bindings/py/number.h"
#include "bindings/routine/routine.h"
#include "bindings/sync/sync.h"

namespace phaseloop {
namespace {

using py::Args;

struct BarrierCore {
  PyObject_HEAD
  Ref<> condition, parties;
  Ref<> phase;       // a member of asyncio's _BarrierState
  py::Number count;  // tasks inside

  auto refs() { return std::tie(condition, parties, phase, count.odd()); }
};

BarrierCore& barrier_of(PyObject* self) noexcept { return *reinterpret_cast<BarrierCore*>(self); }

bool is_in(BarrierCore& barrier, const Ref<>& phase) noexcept {
  return barrier.phase.get() == phase.get();
}

bool notify_all(State& state, PyObject* condition) noexcept {
  return static_cast<bool>(py::call_method(condition, state.names.notify_all.get()));
}

py::Raised broken(State& state, const char* text) noexcept {
  return py::raise(state.broken_barrier_error.get(), text);
}

// asyncio's _exit(): the last who leaves opens the barrier again.
bool leave_barrier(State& state, BarrierCore& barrier, PyObject* condition) noexcept {
  const int last = barrier.count.add(-1) < 0 ? -1 : barrier.count.compare(Py_EQ);
  if (last <= 0) return last == 0;
  if (is_in(barrier, state.barrier_resetting) || is_in(barrier, state.barrier_draining)) {
    barrier.phase = state.barrier_filling.share();
  }
  return notify_all(state, condition);
}

// As `finally`: runs `last` whether or not there is a value; an error of its own is raised in the
// context of the one that was pending.
template <class Last>
Ref<> with_finally(Ref<> value, Last last) noexcept {
  if (value) return last() ? std::move(value) : nullptr;
  Ref<> error = py::fetch_error();
  if (last()) {
    py::restore_error(std::move(error));
  } else {
    py::chain_pending(error.get());
  }
  return py::raised;
}

// Is the barrier full with this one, who comes as number `index`? -1: error.
int completes(BarrierCore& barrier, PyObject* index) noexcept {
  Ref<> one = py::steal(PyLong_FromLong(1));
  Ref<> number = one ? py::steal(PyNumber_Add(index, one.get())) : nullptr;
  Ref<> parties = py::or_none(barrier.parties.get());
  return number ? PyObject_RichCompareBool(number.get(), parties.get(), Py_EQ) : -1;
}

// Where wait() of asyncio is at each await, and the same within __aenter__().
struct Places {
  Place enters, blocks, waits;
};
constexpr Places kPlaces{"Barrier.wait@enter _ContextManagerMixin.__aenter__@0",
                         "Barrier.wait@0 Barrier._block@0 Condition.wait_for@0",
                         "Barrier.wait@2 Barrier._wait@0 Condition.wait_for@0"};
constexpr Places kPlacesEntered{
    "Barrier.__aenter__@0 Barrier.wait@enter _ContextManagerMixin.__aenter__@0",
    "Barrier.__aenter__@0 Barrier.wait@0 Barrier._block@0 Condition.wait_for@0",
    "Barrier.__aenter__@0 Barrier.wait@2 Barrier._wait@0 Condition.wait_for@0"};

// keep[0]: what is awaited; keep[1]: the condition; keep[2]: the result.
Body wait_at(Call&, BarrierCore& barrier, const Places& places) {
  Routine& self = co_await this_routine;
  State& state = *self.state;
  self.keep[1] = barrier.condition.share();
  PyObject* condition = self.keep[1].get();
  const auto release = [&state, condition] {
    return static_cast<bool>(py::call_method(condition, state.names.release.get()));
  };
  self.keep[0] = py::call_method(condition, state.names.acquire.get());
  if (!self.keep[0] || !co_await await_on(self, self.keep[0].get(), places.enters)) {
    co_return py::raised;
  }
  // Those of the last round have to leave first.
  while (is_in(barrier, state.barrier_draining) || is_in(barrier, state.barrier_resetting)) {
    self.keep[0] = py::call_method(condition, state.names.wait.get());
    if (self.keep[0] && co_await await_on(self, self.keep[0].get(), places.blocks)) continue;
    co_return with_finally(nullptr, release);
  }
  if (is_in(barrier, state.barrier_broken)) {
    broken(state, "Barrier aborted");
    co_return with_finally(raised_at(self, places.blocks), release);
  }
  self.keep[2] = barrier.count.get();
  if (!self.keep[2] || barrier.count.add(1) < 0) co_return with_finally(nullptr, release);
  const int last = completes(barrier, self.keep[2].get());
  if (last > 0) {
    barrier.phase = state.barrier_draining.share();
    if (!notify_all(state, condition)) self.keep[2] = nullptr;
  } else if (last < 0) {
    self.keep[2] = nullptr;
  }
  while (self.keep[2] && last == 0 && is_in(barrier, state.barrier_filling)) {
    self.keep[0] = py::call_method(condition, state.names.wait.get());
    if (self.keep[0] && co_await await_on(self, self.keep[0].get(), places.waits)) continue;
    self.keep[2] = nullptr;
  }
  if (self.keep[2] && last == 0 &&
      (is_in(barrier, state.barrier_broken) || is_in(barrier, state.barrier_resetting))) {
    broken(state, "Abort or reset of barrier");
    self.keep[2] = raised_at(self, places.waits);
  }
  Ref<> result = with_finally(std::move(self.keep[2]),
                              [&] { return leave_barrier(state, barrier, condition); });
  co_return with_finally(std::move(result), release);
}

// --- the methods ------------------------------------------------------------------------------

Ref<> start_waiting(State& state, Args args, const Places& places) noexcept {
  PyObject* self = only_self(args, state.barrier_core);
  if (self == nullptr || !barrier_of(self).condition) return nullptr;
  if (!barrier_of(self).count.is_plain()) return nullptr;
  Call call{state, places.waits, self};
  return wait_at(call, barrier_of(self), places).object;
}

Ref<> call_wait(State& state, Args args) noexcept { return start_waiting(state, args, kPlaces); }

Ref<> call_enter(State& state, Args args) noexcept {
  if (args.count() != 1 || !is_exactly(args[0], state.barrier_core)) return nullptr;
  return start_waiting(state, args, kPlacesEntered);
}

Ref<> call_init(State& state, Args args) noexcept {
  if (args.count() != 2 || args.keyword_count() != 0 || !PyLong_CheckExact(args[1])) return nullptr;
  if (PyObject_TypeCheck(args[0], state.barrier_core.get()) == 0) return nullptr;
  Ref<> one = py::steal(PyLong_FromLong(1));
  const int few = one ? PyObject_RichCompareBool(args[1], one.get(), Py_LT) : -1;
  if (few != 0) return nullptr;  // asyncio's function says what is wrong
  BarrierCore& barrier = barrier_of(args[0]);
  Ref<> condition = py::call(state.condition_class.get());
  if (!condition) return py::raised;
  barrier.condition = std::move(condition);
  barrier.parties = py::borrow(args[1]);
  barrier.phase = state.barrier_filling.share();
  barrier.count = py::Number();
  return py::none();
}

constexpr Implementation kFunctions[] = {{"Barrier.__init__", call_init},
                                         {"Barrier.wait", call_wait},
                                         {"Barrier.__aenter__", call_enter}};

}  // namespace

std::span<const Implementation> barrier_functions() noexcept { return kFunctions; }

Ref<PyTypeObject> new_barrier_core(PyObject* module) noexcept {
  static PyGetSetDef fields[] = {py::object_field<&BarrierCore::condition>("_cond"),
                                 py::object_field<&BarrierCore::parties>("_parties"),
                                 py::object_field<&BarrierCore::phase>("_state"),
                                 py::number_field<&BarrierCore::count>("_count"),
                                 {}};
  return new_core_type<BarrierCore>(module, "phaseloop._native.BarrierCore", fields);
}

}  // namespace phaseloop
