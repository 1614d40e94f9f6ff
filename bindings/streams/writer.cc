// StreamWriter: a transport's methods, and waiting until what was written may be more.
#include "bindings/core/core_type.h"
#include "bindings/objects/any_future.h"
#include "bindings/py/call.h"
#include "bindings/py/field.h"
#include "bindings/routine/routine.h"
#include "bindings/streams/flow.h"
#include "bindings/streams/streams.h"

namespace phaseloop {
namespace {

using py::Args;

struct WriterCore {
  PyObject_HEAD
  Ref<> transport, protocol, reader, loop;
  Ref<> complete;  // a finished future, which nobody uses: made for those who look

  auto refs() { return std::tie(transport, protocol, reader, loop, complete); }
};

WriterCore& writer_of(PyObject* self) noexcept { return *reinterpret_cast<WriterCore*>(self); }

WriterCore* self_of(State& state, Args args, Py_ssize_t count = 1) noexcept {
  if (args.count() != count || args.keyword_count() != 0) return nullptr;
  if (PyObject_TypeCheck(args[0], state.writer_core.get()) == 0) return nullptr;
  return writer_of(args[0]).transport ? &writer_of(args[0]) : nullptr;
}

// --- coroutines -------------------------------------------------------------------------------

// What the reader failed with. Empty: an error is set.
Ref<> readers_exception(State& state, PyObject* reader) noexcept {
  if (py::object(Py_TYPE(reader)) == state.stream_reader_class.get()) {
    return py::or_none(reader_of(reader).failure.get());
  }
  return py::call_method(reader, state.names.exception.get());
}

// Before anything is waited for: 1: the transport is closing; 0; -1: error.
int check_drainable(State& state, WriterCore& writer) noexcept {
  if (is_set(writer.reader)) {
    Ref<> reader = writer.reader.share();
    Ref<> exception = readers_exception(state, reader.get());
    if (!exception) return -1;
    if (exception.get() != Py_None) return raise_stored(exception.get());
  }
  Ref<> transport = py::or_none(writer.transport.get());
  return py::truth(py::call_method(transport.get(), state.names.is_closing.get()));
}

FlowCore* plain_flow(State& state, const Ref<>& protocol) noexcept {
  if (!protocol || PyObject_TypeCheck(protocol.get(), state.flow_core.get()) == 0) return nullptr;
  return is_plain(state, flow_of(protocol.get())) ? &flow_of(protocol.get()) : nullptr;
}

Body drain(Call&, WriterCore& writer) {
  Routine& self = co_await this_routine;
  State& state = *self.state;
  const int closing = check_drainable(state, writer);
  if (closing < 0) co_return raised_at(self, "StreamWriter.drain", "exc");
  if (closing > 0) {  // lets connection_lost() be called, for whoever writes in a loop
    Ref<> zero = py::steal(PyLong_FromLong(0));
    if (zero) self.keep[0] = py::call(state.stock_sleep.get(), zero.get());
    if (!self.keep[0] || !co_await await_on(self, self.keep[0].get(), "StreamWriter.drain@0")) {
      co_return py::raised;
    }
  }
  self.keep[1] = py::or_none(writer.protocol.get());
  FlowCore* flow = plain_flow(state, self.keep[1]);
  self.keep[0] = flow != nullptr
                     ? begin_draining(state, *flow)
                     : py::call_method(self.keep[1].get(), state.names._drain_helper.get());
  if (!self.keep[0]) co_return PyErr_Occurred() != nullptr ? Ref<>() : py::none();
  const bool woken = co_await await_on(self, self.keep[0].get(),
                                       flow != nullptr ? self.place : "StreamWriter.drain@1");
  if (flow != nullptr && end_draining(state, *flow, self.keep[0].get()) < 0) co_return py::raised;
  co_return woken ? py::none() : Ref<>();
}

Body wait_closed(Call&, WriterCore& writer) {
  Routine& self = co_await this_routine;
  Ref<> protocol = py::or_none(writer.protocol.get());
  self.keep[0] =
      py::call_method(protocol.get(), self.state->names._get_close_waiter.get(), self.owner.get());
  protocol = nullptr;
  if (!self.keep[0] || !co_await await_on(self, self.keep[0].get())) co_return py::raised;
  co_return py::none();
}

Ref<> call_drain(State& state, Args args) noexcept {
  WriterCore* writer = self_of(state, args);
  if (writer == nullptr) return nullptr;
  Call call{state, "StreamWriter.drain@1 FlowControlMixin._drain_helper@0", args[0]};
  return drain(call, *writer).object;
}

Ref<> call_wait_closed(State& state, Args args) noexcept {
  WriterCore* writer = self_of(state, args);
  if (writer == nullptr) return nullptr;
  Call call{state, "StreamWriter.wait_closed@0", args[0]};
  return wait_closed(call, *writer).object;
}

// --- the transport's methods ------------------------------------------------------------------

template <Ref<> State::Names::* Name>
Ref<> forward(State& state, Args args) noexcept {
  WriterCore* writer = self_of(state, args);
  if (writer == nullptr) return nullptr;
  Ref<> transport = writer->transport.share();
  return py::call_method(transport.get(), (state.names.*Name).get());
}

// Of one argument; the result is None.
template <Ref<> State::Names::* Name>
Ref<> forward_data(State& state, Args args) noexcept {
  WriterCore* writer = self_of(state, args, 2);
  if (writer == nullptr) return nullptr;
  Ref<> transport = writer->transport.share();
  return py::call_method(transport.get(), (state.names.*Name).get(), args[1]) ? py::none()
                                                                              : Ref<>();
}

Ref<> call_get_extra_info(State& state, Args args) noexcept {
  PyObject* fallback = args.count() == 3 ? args[2] : Py_None;
  WriterCore* writer = self_of(state, args, args.count() == 3 ? 3 : 2);
  if (writer == nullptr) return nullptr;
  Ref<> transport = writer->transport.share();
  return py::call_method(transport.get(), state.names.get_extra_info.get(), args[1], fallback);
}

// --- its life ---------------------------------------------------------------------------------

Ref<> call_init(State& state, Args args) noexcept {
  PyObject *self = nullptr, *transport = nullptr, *protocol = nullptr, *reader = nullptr,
           *loop = nullptr;
  if (!py::fits({.function = "StreamWriter", .positional_max = 5, .required = 5}, args,
                {{"self", &self},
                 {"transport", &transport},
                 {"protocol", &protocol},
                 {"reader", &reader},
                 {"loop", &loop}})) {
    return nullptr;
  }
  const LoopData& data = loop_data(state, loop);
  if (!data.native() || data.overrides_create_future) return nullptr;
  if (PyObject_TypeCheck(self, state.writer_core.get()) == 0) return nullptr;
  if (reader != Py_None && PyObject_TypeCheck(reader, state.reader_core.get()) == 0) return nullptr;
  WriterCore& writer = writer_of(self);
  writer.transport = py::borrow(transport);
  writer.protocol = py::borrow(protocol);
  writer.reader = py::borrow(reader);
  writer.loop = py::borrow(loop);
  writer.complete = nullptr;
  return py::none();
}

// One whose transport is open is closed, and a warning given, by asyncio's own.
Ref<> call_del(State& state, Args args) noexcept {
  WriterCore* writer = self_of(state, args);
  if (writer == nullptr) return nullptr;
  Ref<> transport = writer->transport.share();
  const int closing = py::truth(py::call_method(transport.get(), state.names.is_closing.get()));
  return closing > 0 ? py::none() : nullptr;
}

constexpr Implementation kFunctions[] = {
    {"StreamWriter.__init__", call_init},
    {"StreamWriter.__del__", call_del},
    {"StreamWriter.drain", call_drain},
    {"StreamWriter.wait_closed", call_wait_closed},
    {"StreamWriter.write", forward_data<&State::Names::write>},
    {"StreamWriter.writelines", forward_data<&State::Names::writelines>},
    {"StreamWriter.write_eof", forward<&State::Names::write_eof>},
    {"StreamWriter.can_write_eof", forward<&State::Names::can_write_eof>},
    {"StreamWriter.close", forward<&State::Names::close>},
    {"StreamWriter.is_closing", forward<&State::Names::is_closing>},
    {"StreamWriter.get_extra_info", call_get_extra_info},
};

PyObject* get_complete(PyObject* self, void*) noexcept {
  WriterCore& writer = writer_of(self);
  if (!writer.complete && writer.loop) {
    State* state = state_of_type(Py_TYPE(self));
    Ref<> future = state != nullptr ? create_future(*state, writer.loop.get()) : nullptr;
    if (!future || set_result(*state, future.get(), Py_None) < 0) return nullptr;
    writer.complete = std::move(future);
  }
  return py::or_none(writer.complete.get()).release();
}
int set_complete(PyObject* self, PyObject* value, void*) noexcept {
  if (value == nullptr) return py::no_deletion();
  writer_of(self).complete = py::borrow(value);
  return 0;
}

}  // namespace

std::span<const Implementation> writer_functions() noexcept { return kFunctions; }

Ref<PyTypeObject> new_writer_core(PyObject* module) noexcept {
  static PyGetSetDef fields[] = {py::optional_field<&WriterCore::transport>("_transport"),
                                 py::object_field<&WriterCore::protocol>("_protocol"),
                                 py::object_field<&WriterCore::reader>("_reader"),
                                 py::object_field<&WriterCore::loop>("_loop"),
                                 {"_complete_fut", get_complete, set_complete, nullptr, nullptr},
                                 {}};
  return new_core_type<WriterCore>(module, "phaseloop._native.StreamWriterCore", fields);
}

}  // namespace phaseloop
