#include "bindings/sync/event.h"

#include "bindings/core/core_type.h"
#include "bindings/py/call.h"
#include "bindings/py/field.h"
#include "bindings/routine/routine.h"
#include "bindings/sync/sync.h"

namespace phaseloop {
namespace {

using py::Args;

EventCore& event_of(PyObject* self) noexcept { return *reinterpret_cast<EventCore*>(self); }

Body wait_for_event(Call&, EventCore& event) {
  Routine& self = co_await this_routine;
  if (event.value) co_return py::boolean(true);
  self.keep[0] = add_waiter_future(*self.state, event);
  if (!self.keep[0]) co_return py::raised;
  const bool woken = co_await await_on(self, self.keep[0].get());
  const int removed = remove_future(*self.state, event.waiters.get(), self.keep[0].get());
  if (!woken || removed < 0) co_return py::raised;
  co_return py::boolean(true);
}

EventCore* self_of(State& state, Args args) noexcept {
  PyObject* self = only_self(args, state.event_core);
  return self != nullptr ? &event_of(self) : nullptr;
}

Ref<> call_wait(State& state, Args args) noexcept {
  EventCore* event = self_of(state, args);
  if (event == nullptr) return nullptr;
  Call call{state, "Event.wait@0", args[0]};
  return wait_for_event(call, *event).object;
}

Ref<> call_set(State& state, Args args) noexcept {
  EventCore* event = self_of(state, args);
  if (event == nullptr) return nullptr;
  if (event->value) return py::none();
  event->value = true;
  if (wake_futures(state, event->waiters.get(), -1, Py_True) < 0) return py::raised;
  return py::none();
}

Ref<> call_clear(State& state, Args args) noexcept {
  EventCore* event = self_of(state, args);
  if (event == nullptr) return nullptr;
  event->value = false;
  return py::none();
}

Ref<> call_is_set(State& state, Args args) noexcept {
  EventCore* event = self_of(state, args);
  return event != nullptr ? py::boolean(event->value) : nullptr;
}

Ref<> call_init(State& state, Args args) noexcept {
  EventCore* event = self_of(state, args);
  if (event == nullptr) return nullptr;
  event->waiters = py::call(state.deque.get());
  event->value = false;
  return event->waiters ? py::none() : nullptr;
}

constexpr Implementation kFunctions[] = {{"Event.__init__", call_init},
                                         {"Event.wait", call_wait},
                                         {"Event.set", call_set},
                                         {"Event.clear", call_clear},
                                         {"Event.is_set", call_is_set}};

}  // namespace

std::span<const Implementation> event_functions() noexcept { return kFunctions; }

Ref<PyTypeObject> new_event_core(PyObject* module) noexcept {
  static PyGetSetDef fields[] = {py::object_field<&EventCore::loop>("_loop"),
                                 py::object_field<&EventCore::waiters>("_waiters"),
                                 py::bool_field<&EventCore::value>("_value"),
                                 {}};
  return new_core_type<EventCore>(module, "phaseloop._native.EventCore", fields);
}

}  // namespace phaseloop
