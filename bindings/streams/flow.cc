#include "bindings/streams/flow.h"

#include "bindings/core/core_type.h"
#include "bindings/objects/any_future.h"
#include "bindings/py/call.h"
#include "bindings/py/field.h"
#include "bindings/streams/streams.h"

namespace phaseloop {
namespace {

using py::Args;

constexpr const char* kHooks[] = {"_drain_helper", "_get_close_waiter", "_stream_reader"};

FlowCore* self_of(State& state, Args args) noexcept {
  PyObject* self = only_self(args, state.flow_core);
  return self != nullptr && flow_of(self).loop ? &flow_of(self) : nullptr;
}

// Asyncio's own methods assert what is asserted, and log what there is to log.
bool is_quiet(State& state, FlowCore& flow) noexcept {
  if (!flow.loop) return false;
  const LoopData& data = loop_data(state, flow.loop.get());
  return data.native() && !data.debug;
}

Ref<> call_pause_writing(State& state, Args args) noexcept {
  FlowCore* flow = self_of(state, args);
  if (flow == nullptr || !may_pause(*flow, state)) return nullptr;
  flow->paused = true;
  return py::none();
}

Ref<> call_resume_writing(State& state, Args args) noexcept {
  FlowCore* flow = self_of(state, args);
  if (flow == nullptr || !may_resume(*flow, state)) return nullptr;
  return resume_writing(state, *flow) < 0 ? nullptr : py::none();
}

Body drain_helper(Call&, FlowCore& flow) {
  Routine& self = co_await this_routine;
  State& state = *self.state;
  self.keep[0] = begin_draining(state, flow);
  if (!self.keep[0]) co_return PyErr_Occurred() != nullptr ? Ref<>() : py::none();
  const bool woken = co_await await_on(self, self.keep[0].get());
  if (end_draining(state, flow, self.keep[0].get()) < 0 || !woken) co_return py::raised;
  co_return py::none();
}

Ref<> call_drain_helper(State& state, Args args) noexcept {
  FlowCore* flow = self_of(state, args);
  if (flow == nullptr) return nullptr;
  Call call{state, "FlowControlMixin._drain_helper@0", args[0]};
  return drain_helper(call, *flow).object;
}

// One list for all classes that have these: the functions are known by the class's name.
#define PHASELOOP_FLOW_FUNCTIONS(name)                                                          \
  {name ".pause_writing", call_pause_writing}, {name ".resume_writing", call_resume_writing}, { \
    name "._drain_helper", call_drain_helper                                                    \
  }
constexpr Implementation kFunctions[] = {PHASELOOP_FLOW_FUNCTIONS("StreamReaderProtocol"),
                                         PHASELOOP_FLOW_FUNCTIONS("SubprocessStreamProtocol")};
#undef PHASELOOP_FLOW_FUNCTIONS

// --- private attributes ------------------------------------------------------------------------

PyObject* get_drain_waiters(PyObject* self, void*) noexcept {
  FlowCore& flow = flow_of(self);
  if (!flow.drain_waiters) {
    State* state = state_of_type(Py_TYPE(self));
    if (state == nullptr) return nullptr;
    flow.drain_waiters = py::call(state->deque.get());
  }
  return flow.drain_waiters.share().release();
}
int set_drain_waiters(PyObject* self, PyObject* value, void*) noexcept {
  if (value == nullptr) return py::no_deletion();
  flow_of(self).drain_waiters = py::borrow(value);
  return 0;
}

}  // namespace

bool is_plain(State& state, FlowCore& flow) noexcept {
  if (flow.shape == Shape::unknown) {
    PyTypeObject* type = Py_TYPE(object_of(flow));
    const bool for_process = PyType_IsSubtype(type, state.stream_protocol_core.get()) == 0;
    PyObject* base =
        (for_process ? state.subprocess_protocol_class : state.stream_protocol_class).get();
    // A process has no reader of its own.
    const std::span<const char* const> hooks(kHooks, for_process ? 2 : 3);
    const bool plain = base != nullptr && overrides_nothing(type, base, hooks);
    flow.shape = plain ? Shape::plain : Shape::custom;
  }
  return flow.shape == Shape::plain && flow.loop;
}

Ref<> begin_draining(State& state, FlowCore& flow) noexcept {
  if (flow.connection_lost) return py::raise(PyExc_ConnectionResetError, "Connection lost");
  if (!flow.paused) return nullptr;
  Ref<> deque = py::steal(get_drain_waiters(object_of(flow), nullptr));
  Ref<> future = deque ? create_future(state, flow.loop.get()) : nullptr;
  if (!future || !py::call_method(deque.get(), state.names.append.get(), future.get())) {
    return py::raised;
  }
  return future;
}

int end_draining(State& state, FlowCore& flow, PyObject* future) noexcept {
  Ref<> deque = py::or_none(flow.drain_waiters.get());
  return remove_future(state, deque.get(), future);
}

bool may_pause(FlowCore& flow, State& state) noexcept {
  return !flow.paused && is_quiet(state, flow);
}
bool may_resume(FlowCore& flow, State& state) noexcept {
  return flow.paused && is_quiet(state, flow);
}

int resume_writing(State& state, FlowCore& flow) noexcept {
  flow.paused = false;
  Ref<> deque = py::borrow(flow.drain_waiters.get());
  return wake_futures(state, deque.get(), -1, Py_None) < 0 ? -1 : 0;
}

std::span<const Implementation> flow_functions() noexcept { return kFunctions; }

Ref<PyTypeObject> new_flow_core(PyObject* module) noexcept {
  static PyGetSetDef fields[] = {
      py::object_field<&FlowCore::loop>("_loop"),
      {"_drain_waiters", get_drain_waiters, set_drain_waiters, nullptr, nullptr},
      py::bool_field<&FlowCore::paused>("_paused"),
      py::bool_field<&FlowCore::connection_lost>("_connection_lost"),
      {}};
  return new_core_type<FlowCore>(module, "phaseloop._native.FlowControlCore", fields);
}

}  // namespace phaseloop
