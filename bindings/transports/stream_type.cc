#include <algorithm>
#include <cmath>

#include "bindings/core/stock.h"
#include "bindings/py/call.h"
#include "bindings/py/field.h"
#include "bindings/py/gc.h"
#include "bindings/py/member.h"
#include "bindings/py/method.h"
#include "bindings/transports/stream.h"
#include "bindings/transports/stream_call.h"
#include "bindings/transports/transport_slots.h"

namespace phaseloop {

Ref<> context_now(StreamTransport& stream) noexcept {
  if (stream.given_context) return stream.given_context.share();
  return py::steal(PyContext_CopyCurrent());
}

void set_stream_protocol(StreamTransport& stream, PyObject* protocol, bool is_buffered) noexcept {
  stream::replace_protocol(stream, protocol);
  stream.buffered = is_buffered;
  stream.connected = true;
}

Ref<> protocol_of(StreamTransport& stream) noexcept {
  if (stream.protocol) [[likely]]
    return stream.protocol.share();
  if (!stream.protocol_deleted) return py::none();
  return py::raise(PyExc_AttributeError, "'%.100s' object has no attribute '_protocol'",
                   Py_TYPE(object_of(stream))->tp_name);
}

namespace stream {

namespace {

// The smallest integer that gives the same result as `limit` when compared with a byte count.
// `limit` may be a float, infinity, or no number at all (NaN: nothing is more).
int whole_limit(PyObject* limit, long long& whole) noexcept {
  const double number = PyFloat_AsDouble(limit);
  if (number == -1.0 && PyErr_Occurred() != nullptr) return -1;
  constexpr double kMax = 9e18;
  const double bounded = number < kMax ? std::max(number, -kMax) : kMax;
  whole = static_cast<long long>(std::floor(bounded));
  return 0;
}

template <auto Number, auto Given>
Ref<> get_limit(PyObject* self) noexcept {
  StreamTransport& stream = stream_of(self);
  if (stream.*Given) return (stream.*Given).share();
  return py::steal(PyLong_FromLongLong(stream.*Number));
}
template <auto Number, auto Given>
int set_limit(PyObject* self, PyObject* value) noexcept {
  if (value == nullptr) return py::no_deletion();
  StreamTransport& stream = stream_of(self);
  if (whole_limit(value, stream.*Number) < 0) return -1;
  stream.*Given = py::borrow(value);
  return 0;
}

}  // namespace

PyGetSetDef high_water_field() noexcept {
  constexpr auto kNumber = &StreamTransport::high_water;
  constexpr auto kGiven = &StreamTransport::given_high_water;
  return py::property<get_limit<kNumber, kGiven>, set_limit<kNumber, kGiven>>("_high_water");
}
PyGetSetDef low_water_field() noexcept {
  constexpr auto kNumber = &StreamTransport::low_water;
  constexpr auto kGiven = &StreamTransport::given_low_water;
  return py::property<get_limit<kNumber, kGiven>, set_limit<kNumber, kGiven>>("_low_water");
}

Ref<> set_protocol(PyObject* self, PyObject* protocol) noexcept {
  StreamTransport& stream = stream_of(self);
  if (stream.data == nullptr) {
    replace_protocol(stream, protocol);
    return py::none();
  }
  Ref<> loop = stream.home.share();
  const int buffered = PyObject_IsInstance(protocol, state_of(stream).buffered_protocol.get());
  if (buffered < 0) return py::raised;
  stream.factory = false;
  set_stream_protocol(stream, protocol, buffered != 0);
  return py::none();
}
Ref<> get_protocol(PyObject* self) noexcept {
  StreamTransport& stream = stream_of(self);
  return stream.factory ? py::none() : protocol_of(stream);
}

// What is native about a protocol goes with it; whether it is buffered was set_protocol()'s to find
// out, and asyncio does not look again either.
void replace_protocol(StreamTransport& stream, PyObject* protocol) noexcept {
  const bool native = stream.data != nullptr && protocol != nullptr;
  stream.native = native ? native_protocol(stream.data->state, protocol) : nullptr;
  stream.protocol_deleted = protocol == nullptr;
  stream.protocol = py::borrow(protocol);
}
int assign_protocol(PyObject* self, PyObject* value) noexcept {
  StreamTransport& stream = stream_of(self);
  if (stream.factory) return py::raise(PyExc_AttributeError, "the transport has no protocol yet");
  if (value == nullptr && !protocol_of(stream)) return -1;
  replace_protocol(stream, value);
  return 0;
}

Ref<> is_closing(PyObject* self) noexcept { return py::boolean(stream_of(self).closing); }

namespace {
bool reads(const StreamTransport& stream) noexcept { return !stream.closing && !stream.paused; }
}  // namespace
Ref<> is_reading(PyObject* self) noexcept { return py::boolean(reads(stream_of(self))); }

// At once, and not when something arrives that nobody wants: a transport that nothing watches is
// nobody's but its owner's, whose letting go of it ends it.
Ref<> pause_reading(PyObject* self) noexcept {
  StreamTransport& stream = stream_of(self);
  if (!reads(stream)) return py::none();
  stream.paused = true;
  static_cast<void>(
      watch(stream.descriptor, stream.descriptor.watch.interest - Interest::read).ok());
  log_debug(stream, "%r pauses reading");
  return py::none();
}
Ref<> resume_reading(PyObject* self) noexcept {
  StreamTransport& stream = stream_of(self);
  if (stream.closing || !stream.paused) return py::none();
  stream.paused = stream.reads_though_paused = false;
  if (start_reading(stream, context_now(stream)) < 0) return py::raised;
  log_debug(stream, "%r resumes reading");
  return py::none();
}

// (reads, writes): what repr() calls polling.
Ref<> polls(PyObject* self) noexcept {
  StreamTransport& stream = stream_of(self);
  const bool reading = reads(stream) && stream.descriptor.watches(Interest::read);
  return py::steal(PyTuple_Pack(2, reading ? Py_True : Py_False,
                                stream.descriptor.watches(Interest::write) ? Py_True : Py_False));
}

// resume_reading() watches again.
Ref<> stop_watching_reads(PyObject* self) noexcept {
  Descriptor& descriptor = stream_of(self).descriptor;
  static_cast<void>(watch(descriptor, descriptor.watch.interest - Interest::read).ok());
  return py::none();
}

// --- asyncio's private names
// ----------------------------------------------------------------------

Ref<> get_sock(PyObject* self) noexcept {
  StreamTransport& stream = stream_of(self);
  if (stream.fd < 0) return py::none();
  return socket_of(stream);
}
int set_sock(PyObject* self, PyObject* value) noexcept {
  StreamTransport& stream = stream_of(self);
  if (value == Py_None) return close_descriptor(stream);
  return py::raise(PyExc_AttributeError, "the socket of a transport can't be replaced");
}

// What is no context is refused where it would be entered, as asyncio's call_soon() does.
Ref<> get_context(PyObject* self) noexcept {
  return py::or_none(stream_of(self).given_context.get());
}
int set_context(PyObject* self, PyObject* value) noexcept {
  if (value == nullptr) return py::no_deletion();
  stream_of(self).given_context = value != Py_None ? py::borrow(value) : nullptr;
  return 0;
}
}  // namespace stream

namespace {

// What is queued, as a list of bytes objects.
Ref<> pending_writes(PyObject* self) noexcept {
  StreamTransport& stream = stream_of(self);
  Ref<> all = py::steal(PyList_New(0));
  PodVector<iovec> parts;
  if (!all) return py::raised;
  if (!parts.grow_to(stream.queue.count(), iovec{})) return PyErr_NoMemory(), nullptr;
  const std::size_t count = parts.empty() ? 0 : stream.queue.gather(&parts[0], parts.size());
  for (std::size_t i = 0; i < count; ++i) {
    Ref<> chunk = py::steal(PyBytes_FromStringAndSize(static_cast<const char*>(parts[i].iov_base),
                                                      static_cast<Py_ssize_t>(parts[i].iov_len)));
    if (!chunk || PyList_Append(all.get(), chunk.get()) < 0) return py::raised;
  }
  return all;
}

Ref<> get_write_buffer_size(PyObject* self) noexcept {
  StreamTransport& stream = stream_of(self);
  if (stream.data != nullptr) stream::flush(stream);
  return py::steal(PyLong_FromSize_t(stream.queue.bytes()));
}
Ref<> can_write_eof(PyObject*) noexcept { return py::boolean(true); }

Ref<> maybe_pause_protocol(PyObject* self) noexcept {
  StreamTransport& stream = stream_of(self);
  if (stream.data == nullptr) return py::none();
  stream::flush(stream);
  return stream.data != nullptr ? stream::maybe_pause(stream) : py::none();
}

// --- asyncio's private names
// ----------------------------------------------------------------------

Ref<> make_empty_waiter(PyObject* self) noexcept {
  StreamTransport& stream = stream_of(self);
  if (stream::awaits_emptiness(stream)) {
    return py::raise(PyExc_RuntimeError, "Empty waiter is already set");
  }
  if (stream.data != nullptr) stream::flush(stream);
  if (stream.data == nullptr) return py::raise(PyExc_RuntimeError, "the transport is closed");
  Ref<> waiter = py::call_method(stream.data->object, stream.data->state.names.create_future.get());
  if (!waiter) return py::raised;
  stream.empty_waiter = waiter.share();
  if (stream.queue.empty() &&
      !py::steal(PyObject_CallMethod(waiter.get(), "set_result", "O", Py_None))) {
    return py::raised;
  }
  return waiter;
}
Ref<> reset_empty_waiter(PyObject* self) noexcept {
  Ref<> gone = std::move(stream_of(self).empty_waiter);
  return py::none();
}

PyMethodDef methods[] = {
    py::method<py::with_name<stream::write, "write", "data">>(
        "write",
        "write($self, data)\n--\n\nQueue bytes to be sent; "
        "returns at once."),
    py::method<py::with_name<stream::write_lines, "writelines", "list_of_data">>(
        "writelines",
        "writelines($self, list_of_data)\n--\n\n"
        "write() for each of them."),
    py::method<stream::write_eof>("write_eof",
                                  "write_eof($self, /)\n--\n\nClose the writing "
                                  "half once all is sent."),
    py::method<can_write_eof>("can_write_eof", nullptr),
    py::method<stream::close>("close",
                              "close($self, /)\n--\n\nClose once all is sent; nothing "
                              "more is read."),
    py::method<stream::abort>("abort",
                              "abort($self, /)\n--\n\nClose at once; what is not sent "
                              "is lost."),
    py::method<stream::force_close>("_force_close", nullptr),
    py::method<py::with_name<stream::set_protocol, "set_protocol", "protocol">>(
        "set_protocol", "set_protocol($self, protocol)\n--\n\n"),
    py::method<stream::get_protocol>("get_protocol", "get_protocol($self, /)\n--\n\n"),
    py::method<stream::is_closing>("is_closing", "is_closing($self, /)\n--\n\n"),
    py::method<stream::is_reading>("is_reading", "is_reading($self, /)\n--\n\n"),
    py::method<stream::pause_reading>("pause_reading", "pause_reading($self, /)\n--\n\n"),
    py::method<stream::resume_reading>("resume_reading", "resume_reading($self, /)\n--\n\n"),
    py::method<pending_writes>("_pending_writes", nullptr),
    py::method<get_write_buffer_size>("get_write_buffer_size",
                                      "get_write_buffer_size($self, /)\n--\n\nBytes queued that "
                                      "the system has not taken."),
    py::method<stream::get_extra_info>("get_extra_info",
                                       "get_extra_info($self, name, default=None)\n--\n\n"),
    py::method<maybe_pause_protocol>("_maybe_pause_protocol", nullptr),
    py::method<make_empty_waiter>("_make_empty_waiter", nullptr),
    py::method<reset_empty_waiter>("_reset_empty_waiter", nullptr),
    py::method<stream::polls>("_polls", nullptr),
    py::method<stream::stop_watching_reads>("_stop_watching_reads", nullptr),
    {}};
PyGetSetDef attributes[] = {
    py::object_field<&StreamTransport::loop>("_loop"),
    py::property<stream::get_protocol, stream::assign_protocol>("_protocol"),
    py::object_field<&StreamTransport::server>("_server"),
    py::object_field<&StreamTransport::empty_waiter>("_empty_waiter"),
    py::bool_field<&StreamTransport::closing>("_closing"),
    py::bool_field<&StreamTransport::paused>("_paused"),
    py::bool_field<&StreamTransport::eof>("_eof"),
    py::bool_field<&StreamTransport::connected>("_protocol_connected"),
    py::bool_field<&StreamTransport::protocol_paused>("_protocol_paused"),
    py::int_field<&StreamTransport::conn_lost>("_conn_lost"),
    stream::high_water_field(),
    stream::low_water_field(),
    py::property<stream::get_sock, stream::set_sock>("_sock"),
    py::property<stream::get_context, stream::set_context>("_given_context"),
    py::property<stream::all_extra, stream::set_extra>("_extra"),
    {}};
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winvalid-offsetof"
PyMemberDef members[] = {
    {"__dictoffset__", T_PYSSIZET, offsetof(StreamTransport, dict), READONLY, nullptr},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(StreamTransport, weak_references), READONLY,
     nullptr},
    {"_sock_fd", T_INT, offsetof(StreamTransport, shown_fd), READONLY, nullptr},
    {}};
#pragma GCC diagnostic pop
PyType_Slot slots[] = {{Py_tp_new, reinterpret_cast<void*>(stream::create)},
                       {Py_tp_init, reinterpret_cast<void*>(stream::init)},
                       {Py_tp_traverse, reinterpret_cast<void*>(stream::traverse<StreamTransport>)},
                       {Py_tp_clear, reinterpret_cast<void*>(stream::clear<StreamTransport>)},
                       {Py_tp_dealloc, reinterpret_cast<void*>(stream::dealloc<StreamTransport>)},
                       {Py_tp_methods, methods},
                       {Py_tp_getset, attributes},
                       {Py_tp_members, members},
                       {0, nullptr}};
PyType_Spec spec = {"phaseloop._native.StreamTransport", sizeof(StreamTransport), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE, slots};

}  // namespace

Ref<PyTypeObject> new_stream_type(State& state, PyObject* module) noexcept {
  Ref<> transport = from_asyncio("asyncio.transports", "Transport");
  if (!transport) return py::raised;
  constexpr std::size_t kExtraAt = offsetof(FlowControlSlots, extra);
  transport = class_with_slots(transport, nullptr, {{"_extra", kExtraAt}},
                               kExtraAt + sizeof(FlowControlSlots::extra));
  if (!transport) return py::raised;
  state.flow_control_mixin =
      class_with_slots(state.flow_control_mixin, transport.get(),
                       {{"_high_water", offsetof(FlowControlSlots, given_high_water)},
                        {"_loop", offsetof(FlowControlSlots, loop)},
                        {"_low_water", offsetof(FlowControlSlots, given_low_water)},
                        {"_protocol_paused", offsetof(FlowControlSlots, unused_protocol_paused)}},
                       sizeof(FlowControlSlots));
  if (!state.flow_control_mixin) return py::raised;
  return py::steal(reinterpret_cast<PyTypeObject*>(
      PyType_FromModuleAndSpec(module, &spec, state.flow_control_mixin.get())));
}

}  // namespace phaseloop
