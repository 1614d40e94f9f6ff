#include "bindings/combinators/sleep.h"

#include <new>

#include "bindings/combinators/timing.h"
#include "bindings/core/work.h"
#include "bindings/objects/operation.h"
#include "bindings/py/call.h"

namespace phaseloop {
namespace {

using Begun = OperationKind::Begun;

struct Sleep : Operation, Timer {
  Ref<> delay, result;
};

Sleep& sleep_of(Operation& op) noexcept { return static_cast<Sleep&>(op); }
Sleep& sleep_of(Runnable& work) noexcept { return static_cast<Sleep&>(static_cast<Timer&>(work)); }

void run(Runnable& work) noexcept {
  Sleep& sleep = sleep_of(work);
  Ref<> share = py::steal(object_of(sleep));
  wake_from_loop(sleep);
}
void drop(Runnable& work) noexcept {
  Ref<> share = py::steal(object_of(sleep_of(work)));
  forget_future(sleep_of(work));
}
PyObject* owner(Runnable& work) noexcept { return object_of(sleep_of(work)); }
int visit_timer(Runnable& work, visitproc visit, void* arg) noexcept {
  return visit_through(sleep_of(work), visit, arg);
}
constexpr WorkKind kTimerKind{{run, drop}, owner, nullptr, visit_timer};

Begun begin(Operation& op, Ref<>&) noexcept {
  Sleep& sleep = sleep_of(op);
  double seconds;
  if (!as_seconds(sleep.delay.get(), seconds)) return Begun::not_ours;
  if (seconds <= 0) return Begun::yielded_none;
  if (arm_after(*op.data, object_of(op), sleep, seconds) < 0) return Begun::failed;
  sleep.delay = nullptr;  // a million sleepers need not keep a million floats
  return Begun::suspended;
}

Ref<> outcome(Operation& op) noexcept { return sleep_of(op).result.share(); }
void abandon(Operation& op) noexcept { disarm(op, sleep_of(op)); }

Ref<> delegate(Operation& op) noexcept {
  State* state = state_of_type(Py_TYPE(object_of(op)));
  if (state == nullptr) return py::raised;
  Sleep& sleep = sleep_of(op);
  return py::call(state->stock_sleep.get(), sleep.delay.get(), sleep.result.get());
}

int traverse(Operation& op, visitproc visit, void* arg) noexcept {
  Py_VISIT(sleep_of(op).delay.get());
  Py_VISIT(sleep_of(op).result.get());
  return 0;
}
void clear(Operation& op) noexcept {
  sleep_of(op).delay = nullptr;
  sleep_of(op).result = nullptr;
}

bool is_kept_by_loop(Operation& op) noexcept {
  const Timer& timer = sleep_of(op);
  return timer.armed() || timer.linked();
}

bool recycle(Operation& op) noexcept {
  State& state = op.data->state;
  PyObject* self = object_of(op);
  return Py_TYPE(self) == state.sleep_type.get() && state.sleeps.give(self);
}

constexpr OperationKind kKind{"sleep@1", begin,           outcome,
                              nullptr,   abandon,         delegate,
                              traverse,  clear,           "sleep@0 __sleep0@yield",
                              false,     is_kept_by_loop, recycle};

}  // namespace

Ref<> sleep(PyObject* self, py::Args args) noexcept {
  PyObject *delay = nullptr, *result = Py_None;
  if (!py::fits({.function = "sleep", .positional_max = 2, .required = 1}, args,
                {{"delay", &delay}, {"result", &result}})) {
    return nullptr;
  }
  State& state = *reinterpret_cast<State*>(self);
  const bool light = PyObject_IS_GC(result) == 0 && driving_loop() != nullptr;
  Ref<> made = light ? begin_operation(py::steal(state.sleeps.make(state.sleep_type.get())), kKind)
                     : new_operation(state.collected_sleep_type.get(), kKind);
  if (!made) return py::raised;
  Sleep& sleep = sleep_of(operation(made.get()));
  ::new (static_cast<Timer*>(&sleep)) Timer(kTimerKind);
  sleep.delay = py::borrow(delay);
  sleep.result = py::borrow(result);
  return made;
}

Ref<PyTypeObject> new_sleep_type(State& state, PyObject* module, bool collected) noexcept {
  return derive_operation_type(state, module, "phaseloop._native._Sleep", sizeof(Sleep), collected);
}

}  // namespace phaseloop
