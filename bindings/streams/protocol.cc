// StreamReaderProtocol: what a transport says, told to the reader.
#include "bindings/core/core_type.h"
#include "bindings/core/native_protocol.h"
#include "bindings/objects/any_future.h"
#include "bindings/py/call.h"
#include "bindings/py/field.h"
#include "bindings/py/version.h"
#include "bindings/py/weak.h"
#include "bindings/streams/flow.h"
#include "bindings/streams/streams.h"

namespace phaseloop {
namespace {

using py::Args;

struct ProtocolCore : FlowCore {
  Ref<> reader;         // a weak reference, or None
  Ref<> strong_reader;  // of a server's, until it is connected
  Ref<> connected;      // client_connected_cb
  Ref<> task;           // that of its coroutine
  Ref<> transport;
  Ref<> writer;
  Ref<> closed;  // a future
  bool rejects, over_ssl;

  auto refs() {
    return std::tie(loop, drain_waiters, reader, strong_reader, connected, task, transport, writer,
                    closed);
  }
};

ProtocolCore& protocol_of(PyObject* self) noexcept {
  return *reinterpret_cast<ProtocolCore*>(self);
}

// The protocol, if methods may be done natively: with what it has in the place of its reader.
ProtocolCore* self_of(State& state, Args args, Py_ssize_t count) noexcept {
  if (args.count() != count || args.keyword_count() != 0) return nullptr;
  if (PyObject_TypeCheck(args[0], state.stream_protocol_core.get()) == 0) return nullptr;
  ProtocolCore& protocol = protocol_of(args[0]);
  const bool known = !is_set(protocol.reader) || PyWeakref_Check(protocol.reader.get());
  return known && is_plain(state, protocol) ? &protocol : nullptr;
}

// Empty without an error: there is none, or none any more.
Ref<> reader_of(ProtocolCore& protocol) noexcept {
  return is_set(protocol.reader) ? py::referent(protocol.reader.get()) : nullptr;
}

// --- what the transport says ------------------------------------------------------------------

// `bytes`: the data as an object, or null.
int received(State& state, ProtocolCore& protocol, std::string_view data,
             PyObject* bytes) noexcept {
  Ref<> object = reader_of(protocol);
  if (!object) return 0;
  ReaderCore* reader = plain_reader(state, object.get());
  if (reader != nullptr && !reader->eof) return feed(state, *reader, data, bytes);
  Ref<> copy =
      bytes != nullptr
          ? py::borrow(bytes)
          : py::steal(PyBytes_FromStringAndSize(data.data(), static_cast<Py_ssize_t>(data.size())));
  if (!copy) return -1;
  return py::call_method(object.get(), state.names.feed_data.get(), copy.get()) ? 0 : -1;
}

int received_eof(State& state, ProtocolCore& protocol) noexcept {
  Ref<> object = reader_of(protocol);
  if (!object) return 0;
  if (ReaderCore* reader = plain_reader(state, object.get())) return feed_eof(state, *reader);
  return py::call_method(object.get(), state.names.feed_eof.get()) ? 0 : -1;
}

int tell_reader_of_end(State& state, ProtocolCore& protocol, PyObject* exception) noexcept {
  if (exception == Py_None) return received_eof(state, protocol);
  Ref<> object = reader_of(protocol);
  if (!object) return 0;
  if (ReaderCore* reader = plain_reader(state, object.get())) {
    return fail(state, *reader, exception);
  }
  return py::call_method(object.get(), state.names.set_exception.get(), exception) ? 0 : -1;
}

// An outcome for a future that has none. 0 or -1.
int end_future(State& state, PyObject* future, PyObject* exception) noexcept {
  const int done = is_done(state, future);
  if (done != 0) return done < 0 ? -1 : 0;
  return exception == Py_None ? set_result(state, future, Py_None)
                              : set_exception(state, future, exception);
}

int end_drain_waiters(State& state, ProtocolCore& protocol, PyObject* exception) noexcept {
  Ref<> deque = py::borrow(protocol.drain_waiters.get());
  Ref<> waiters = deque ? py::steal(PyObject_GetIter(deque.get())) : nullptr;
  if (!waiters) return deque ? -1 : 0;
  while (Ref<> waiter = py::steal(PyIter_Next(waiters.get()))) {
    if (end_future(state, waiter.get(), exception) < 0) return -1;
  }
  return PyErr_Occurred() == nullptr ? 0 : -1;
}

int lost(State& state, ProtocolCore& protocol, PyObject* exception) noexcept {
  if (tell_reader_of_end(state, protocol, exception) < 0) return -1;
  Ref<> closed = py::or_none(protocol.closed.get());
  if (end_future(state, closed.get(), exception) < 0) return -1;
  protocol.connection_lost = true;
  if (protocol.paused && end_drain_waiters(state, protocol, exception) < 0) return -1;
  protocol.reader = nullptr;
  if constexpr (version::kProtocolForgetsWriter) protocol.writer = py::none();
  protocol.task = nullptr;
  protocol.transport = nullptr;
  return 0;
}

// --- the methods ------------------------------------------------------------------------------

// The arguments of __init__, if they are plain.
struct Parts {
  PyObject *self = nullptr, *reader = nullptr, *connected = nullptr, *loop = nullptr;
};

bool are_plain(State& state, const Parts& parts) noexcept {
  if (parts.loop == nullptr) return false;
  if (PyObject_TypeCheck(parts.self, state.stream_protocol_core.get()) == 0) return false;
  const LoopData& data = loop_data(state, parts.loop);
  if (!data.native() || data.debug) return false;
  return parts.reader == Py_None || PyObject_TypeCheck(parts.reader, state.reader_core.get()) != 0;
}

Ref<> call_init(State& state, Args args) noexcept {
  Parts parts;
  if (!py::fits({.function = "StreamReaderProtocol", .positional_max = 4, .required = 2}, args,
                {{"self", &parts.self},
                 {"stream_reader", &parts.reader},
                 {"client_connected_cb", &parts.connected},
                 {"loop", &parts.loop}}) ||
      !are_plain(state, parts)) {
    return nullptr;
  }
  Ref<> reference;
  if (parts.reader != Py_None) {
    // One that was made in debug mode has where.
    Ref<> traceback = py::attribute(parts.reader, state.names._source_traceback.get());
    if (!traceback || traceback.get() != Py_None) return nullptr;
    reference = py::steal(PyWeakref_NewRef(parts.reader, nullptr));
    if (!reference) return py::raised;
  }
  Ref<> closed = create_future(state, parts.loop);
  if (!closed) return py::raised;
  ProtocolCore& protocol = protocol_of(parts.self);
  const bool serves = parts.connected != nullptr && parts.connected != Py_None;
  protocol.loop = py::borrow(parts.loop);
  protocol.drain_waiters = nullptr;
  protocol.paused = protocol.connection_lost = protocol.rejects = protocol.over_ssl = false;
  protocol.reader = std::move(reference);
  if (serves) protocol.strong_reader = py::borrow(parts.reader);
  protocol.connected = py::borrow(parts.connected);
  protocol.task = nullptr;
  protocol.transport = nullptr;
  if constexpr (version::kProtocolHasWriter) protocol.writer = py::none();
  protocol.closed = std::move(closed);
  return py::none();
}

Ref<> call_data_received(State& state, Args args) noexcept {
  ProtocolCore* protocol = self_of(state, args, 2);
  if (protocol == nullptr || !PyBytes_CheckExact(args[1])) return nullptr;
  const std::string_view data{PyBytes_AS_STRING(args[1]),
                              static_cast<std::size_t>(PyBytes_GET_SIZE(args[1]))};
  return received(state, *protocol, data, args[1]) < 0 ? nullptr : py::none();
}

Ref<> call_eof_received(State& state, Args args) noexcept {
  ProtocolCore* protocol = self_of(state, args, 1);
  if (protocol == nullptr || received_eof(state, *protocol) < 0) return nullptr;
  return py::boolean(!protocol->over_ssl);
}

// Only of the very class: in another one, what super() is depends on its bases.
Ref<> call_connection_lost(State& state, Args args) noexcept {
  ProtocolCore* protocol = self_of(state, args, 2);
  if (protocol == nullptr || !is_exactly(args[0], state.stream_protocol_core)) return nullptr;
  return lost(state, *protocol, args[1]) < 0 ? nullptr : py::none();
}

Ref<> call_close_waiter(State& state, Args args) noexcept {
  ProtocolCore* protocol = self_of(state, args, 2);
  return protocol != nullptr ? protocol->closed.share() : nullptr;
}

// An exception that nobody asks for is not to be reported.
Ref<> call_del(State& state, Args args) noexcept {
  PyObject* self = only_self(args, state.stream_protocol_core);
  if (self == nullptr) return nullptr;
  Ref<> closed = protocol_of(self).closed.share();
  if (!closed) return py::none();
  const int done = is_done(state, closed.get());
  const int cancelled = done > 0 ? is_cancelled(state, closed.get()) : 0;
  if (done < 0 || cancelled < 0) return py::raised;
  if (done != 0 && cancelled == 0 && !py::call_method(closed.get(), state.names.exception.get())) {
    return py::raised;
  }
  return py::none();
}

constexpr Implementation kFunctions[] = {
    {"StreamReaderProtocol.__init__", call_init},
    {"StreamReaderProtocol.data_received", call_data_received},
    {"StreamReaderProtocol.eof_received", call_eof_received},
    {"StreamReaderProtocol.connection_lost", call_connection_lost},
    {"StreamReaderProtocol._get_close_waiter", call_close_waiter},
    {"StreamReaderProtocol.__del__", call_del},
};

// --- for transports of ours -------------------------------------------------------------------

// The exact class has nothing but what is native; what somebody put into the reader's place is the
// Python methods' to handle.
ProtocolCore* native_self(State& state, PyObject* self) noexcept {
  return self_of(state, Args(&self, 1, nullptr), 1);
}

// Null: error set.
State* state_of(PyObject* self) noexcept {
  FlowCore& flow = flow_of(self);
  if (flow.state == nullptr) flow.state = state_of_type(Py_TYPE(self));
  return flow.state;
}

int native_data_received(PyObject* self, const char* data, std::size_t size) noexcept {
  State* state = state_of(self);
  if (state == nullptr) return -1;
  if (ProtocolCore* protocol = native_self(*state, self)) {
    return received(*state, *protocol, {data, size}, nullptr);
  }
  Ref<> bytes = py::steal(PyBytes_FromStringAndSize(data, static_cast<Py_ssize_t>(size)));
  return bytes && py::steal(PyObject_CallMethod(self, "data_received", "O", bytes.get())) ? 0 : -1;
}

int native_eof_received(PyObject* self) noexcept {
  State* state = state_of(self);
  if (state == nullptr) return -1;
  if (ProtocolCore* protocol = native_self(*state, self)) {
    return received_eof(*state, *protocol) < 0 ? -1 : static_cast<int>(!protocol->over_ssl);
  }
  return py::truth(py::steal(PyObject_CallMethod(self, "eof_received", nullptr)));
}

int native_pause_writing(PyObject* self) noexcept {
  State* state = state_of(self);
  if (state == nullptr) return -1;
  if (may_pause(flow_of(self), *state)) {
    flow_of(self).paused = true;
    return 0;
  }
  return py::call_method(self, state->names.pause_writing.get()) ? 0 : -1;
}

int native_resume_writing(PyObject* self) noexcept {
  State* state = state_of(self);
  if (state == nullptr) return -1;
  if (may_resume(flow_of(self), *state)) return resume_writing(*state, flow_of(self));
  return py::call_method(self, state->names.resume_writing.get()) ? 0 : -1;
}

constexpr NativeProtocol kNative{native_data_received, native_eof_received, native_pause_writing,
                                 native_resume_writing};

}  // namespace

std::span<const Implementation> stream_protocol_functions() noexcept { return kFunctions; }

Ref<PyTypeObject> new_stream_protocol_core(State& state, PyObject* module) noexcept {
  static PyGetSetDef fields[] = {py::object_field<&ProtocolCore::reader>("_stream_reader_wr"),
                                 py::optional_field<&ProtocolCore::strong_reader>("_strong_reader"),
                                 py::object_field<&ProtocolCore::connected>("_client_connected_cb"),
                                 py::object_field<&ProtocolCore::task>("_task"),
                                 py::object_field<&ProtocolCore::transport>("_transport"),
                                 py::optional_field<&ProtocolCore::writer>("_stream_writer"),
                                 py::optional_field<&ProtocolCore::closed>("_closed"),
                                 py::bool_field<&ProtocolCore::rejects>("_reject_connection"),
                                 py::bool_field<&ProtocolCore::over_ssl>("_over_ssl"),
                                 {}};
  state.stream_protocol = &kNative;
  return new_core_type<ProtocolCore>(module, "phaseloop._native.StreamReaderProtocolCore", fields,
                                     py::Gc<ProtocolCore>::dealloc, state.flow_core.obj());
}

}  // namespace phaseloop
