#include "bindings/transports/datagram_type.h"

#include "bindings/py/args.h"
#include "bindings/py/call.h"
#include "bindings/py/field.h"
#include "bindings/py/member.h"
#include "bindings/py/method.h"
#include "bindings/transports/stream_call.h"
#include "bindings/transports/transport_slots.h"

namespace phaseloop {
namespace datagram {

Ref<> call_stock(PyObject* self, PyObject* data, PyObject* address) noexcept {
  State* state = state_of_type(Py_TYPE(self));
  if (state == nullptr) return py::raised;
  Ref<> method = py::steal(PyObject_GetAttrString(state->stock_datagram_transport.get(), "sendto"));
  return method ? py::call(method.get(), self, data, address) : nullptr;
}

bool sends_empty(DatagramTransport& transport) noexcept {
  return PyObject_HasAttrString(stream::state_of(transport).stock_datagram_transport.get(),
                                "_header_size") != 0;
}

}  // namespace datagram

namespace {

using datagram::of;

// The names of the two ends; of other families than the internet's as Python objects. 0 or -1.
int take_names(DatagramTransport& transport) noexcept {
  sockaddr_storage address;
  socklen_t size = sizeof address;
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  if (getsockname(transport.fd, raw, &size) != 0) return 0;
  const bool internet = transport.own.take(address);
  size = sizeof address;
  transport.peer_known = getpeername(transport.fd, raw, &size) == 0 && size > sizeof(sa_family_t);
  if (!internet) return stream::remember_names(transport);
  if (transport.peer_known) transport.peer.take(address);
  return 0;
}

// DatagramTransport(loop, sock, protocol, address=None, waiter=None, extra=None)
PyObject* create(PyTypeObject* type, PyObject* args, PyObject* keywords) noexcept {
  PyObject *loop = nullptr, *sock = nullptr, *protocol = nullptr;
  PyObject *address = Py_None, *waiter = Py_None, *extra = Py_None;
  if (py::bind({type->tp_name, 6, 3}, args, keywords,
               {{"loop", &loop},
                {"sock", &sock},
                {"protocol", &protocol},
                {"address", &address},
                {"waiter", &waiter},
                {"extra", &extra}}) < 0) {
    return nullptr;
  }
  State* state = state_of_type(type);
  if (state == nullptr) return nullptr;
  LoopData* own = own_data(*state, loop);
  if (own == nullptr || own->stock) {
    return py::raise(PyExc_TypeError, "a native loop is expected, got %R", loop);
  }
  LoopData& data = *own;
  const int fd = PyObject_AsFileDescriptor(sock);
  if (fd < 0) return nullptr;
  if (!data.transports.reserve(fd)) return PyErr_NoMemory();
  Ref<> self = py::steal(type->tp_alloc(type, 0));
  if (!self) return nullptr;
  DatagramTransport& transport = of(self.get());
  stream::begin(transport, data, fd, datagram::kDescriptorKind);
  ::new (&transport.sender) Endpoint();
  ::new (&transport.target) Endpoint();
  transport.sock = py::borrow(sock);
  transport.address = py::borrow(address);
  transport.extra = extra != Py_None ? py::steal(PyDict_Copy(extra)) : nullptr;
  if (extra != Py_None && !transport.extra) return nullptr;
  transport.read_context = context_now(transport);
  if (waiter != Py_None) transport.start_waiter = py::borrow(waiter);
  set_stream_protocol(transport, protocol, false);
  if (!transport.read_context || take_names(transport) < 0) return nullptr;
  return stream::schedule_start(transport) < 0 ? nullptr : self.release();
}

Ref<> abort(PyObject* self) noexcept { return datagram::force_close(self, Py_None); }
Ref<> get_write_buffer_size(PyObject* self) noexcept {
  return py::steal(PyLong_FromLongLong(of(self).pending_bytes));
}
Ref<> maybe_pause_protocol(PyObject* self) noexcept {
  return of(self).data != nullptr ? datagram::maybe_pause(of(self)) : py::none();
}

Ref<> get_pending(PyObject* self) noexcept {
  DatagramTransport& transport = of(self);
  State* state = state_of_type(Py_TYPE(self));
  Ref<> entries = state != nullptr ? transport.pending.as_list() : nullptr;
  return entries ? py::call(state->deque.get(), entries.get()) : nullptr;
}

int traverse(PyObject* self, visitproc visit, void* arg) noexcept {
  if (int result = of(self).pending.traverse(visit, arg)) return result;
  return stream::traverse<DatagramTransport>(self, visit, arg);
}
int clear(PyObject* self) noexcept {
  of(self).pending.clear();
  return stream::clear<DatagramTransport>(self);
}
void dealloc(PyObject* self) noexcept {
  PyObject_GC_UnTrack(self);
  of(self).pending.clear();
  stream::dealloc<DatagramTransport>(self);
}

PyMethodDef methods[] = {
    py::method<datagram::send_to>("sendto",
                                  "sendto($self, data, addr=None)\n--\n\nSend a "
                                  "datagram, or queue it."),
    py::method<datagram::close>("close", "close($self, /)\n--\n\nClose once all is sent."),
    py::method<abort>("abort", "abort($self, /)\n--\n\nClose at once."),
    py::method<datagram::force_close>("_force_close", nullptr),
    py::method<py::with_name<stream::set_protocol, "set_protocol", "protocol">>(
        "set_protocol", "set_protocol($self, protocol)\n--\n\n"),
    py::method<stream::get_protocol>("get_protocol", "get_protocol($self, /)\n--\n\n"),
    py::method<stream::is_closing>("is_closing", "is_closing($self, /)\n--\n\n"),
    py::method<stream::is_reading>("is_reading", "is_reading($self, /)\n--\n\n"),
    py::method<stream::pause_reading>("pause_reading", "pause_reading($self, /)\n--\n\n"),
    py::method<stream::resume_reading>("resume_reading", "resume_reading($self, /)\n--\n\n"),
    py::method<get_write_buffer_size>("get_write_buffer_size",
                                      "get_write_buffer_size($self, /)\n--\n\nBytes queued."),
    py::method<stream::get_extra_info>("get_extra_info",
                                       "get_extra_info($self, name, default=None)\n--\n\n"),
    py::method<maybe_pause_protocol>("_maybe_pause_protocol", nullptr),
    py::method<stream::polls>("_polls", nullptr),
    py::method<stream::stop_watching_reads>("_stop_watching_reads", nullptr),
    {}};
PyGetSetDef attributes[] = {
    py::object_field<&DatagramTransport::loop>("_loop"),
    py::property<stream::get_protocol, stream::assign_protocol>("_protocol"),
    py::object_field<&DatagramTransport::server>("_server"),
    py::object_field<&DatagramTransport::address>("_address"),
    py::bool_field<&DatagramTransport::closing>("_closing"),
    py::bool_field<&DatagramTransport::paused>("_paused"),
    py::bool_field<&DatagramTransport::connected>("_protocol_connected"),
    py::bool_field<&DatagramTransport::protocol_paused>("_protocol_paused"),
    py::int_field<&DatagramTransport::conn_lost>("_conn_lost"),
    stream::high_water_field(),
    stream::low_water_field(),
    py::property<stream::get_sock, stream::set_sock>("_sock"),
    py::property<stream::get_context, stream::set_context>("_given_context"),
    py::property<stream::all_extra, stream::set_extra>("_extra"),
    py::getter<get_pending>("_buffer"),
    {}};
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winvalid-offsetof"
PyMemberDef members[] = {
    {"__dictoffset__", T_PYSSIZET, offsetof(DatagramTransport, dict), READONLY, nullptr},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(DatagramTransport, weak_references), READONLY,
     nullptr},
    {"_sock_fd", T_INT, offsetof(DatagramTransport, shown_fd), READONLY, nullptr},
    {}};
#pragma GCC diagnostic pop
PyType_Slot slots[] = {{Py_tp_new, reinterpret_cast<void*>(create)},
                       {Py_tp_init, reinterpret_cast<void*>(stream::init)},
                       {Py_tp_traverse, reinterpret_cast<void*>(traverse)},
                       {Py_tp_clear, reinterpret_cast<void*>(clear)},
                       {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
                       {Py_tp_methods, methods},
                       {Py_tp_getset, attributes},
                       {Py_tp_members, members},
                       {0, nullptr}};
PyType_Spec spec = {"phaseloop._native.DatagramTransport", sizeof(DatagramTransport), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE, slots};

}  // namespace

Ref<PyTypeObject> new_datagram_type(State& state, PyObject* module) noexcept {
  return py::steal(reinterpret_cast<PyTypeObject*>(
      PyType_FromModuleAndSpec(module, &spec, state.flow_control_mixin.get())));
}

}  // namespace phaseloop
