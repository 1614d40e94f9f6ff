// Datagrams in and out.
#include "bindings/transports/datagram.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

#include "bindings/core/current_task.h"
#include "bindings/py/args.h"
#include "bindings/py/call.h"
#include "bindings/transports/datagram_type.h"
#include "bindings/transports/stream_call.h"
#include "runtime/net/socket.h"

namespace phaseloop::datagram {
namespace {

constexpr int kTakenMax = 16;  // for one wake-up: then others have their turn

// Of the same address the same tuple.
Ref<> sender_of(DatagramTransport& transport, const sockaddr_storage& address) noexcept {
  Endpoint sender;
  if (!sender.take(address)) return py::none();
  if (transport.last_sender && sender == transport.sender) return transport.last_sender.share();
  Ref<> made = to_python(sender);
  transport.sender = sender;
  transport.last_sender = made ? made.share() : nullptr;
  return made;
}

void report_error(DatagramTransport& transport, const char* method) noexcept {
  if (transport.data == nullptr) return py::write_unraisable(object_of(transport));
  Ref<> loop = transport.home.share();
  Ref<> exception = py::fetch_error();
  Ref<> protocol = protocol_of(transport);
  PyObject* name = stream::state_of(transport).names.error_received.get();
  if (!protocol || !py::call_method(protocol.get(), name, exception.get())) {
    stream::callback_error(transport, method);
  }
}

// False: no more for now.
bool hand_over(DatagramTransport& transport, Ref<> bytes, Ref<> sender) noexcept {
  if (transport.data == nullptr) {  // a socket object's own method has closed the transport
    if (!bytes || !sender) py::write_unraisable(object_of(transport));
    return false;
  }
  Ref<> loop = transport.home.share();
  Ref<> protocol = bytes && sender ? protocol_of(transport) : nullptr;
  LoopData& data = *transport.data;
  Ref<> done = protocol ? py::call_method(protocol.get(), data.state.names.datagram_received.get(),
                                          bytes.get(), sender.get())
                        : nullptr;
  if (!done) {
    if (transport.data == nullptr) {
      stream::callback_error(data, protocol ? protocol.get() : object_of(transport));
    } else {
      stream::callback_error(transport, "_read_ready");
    }
    return false;
  }
  return transport.data != nullptr && !transport.closing && !transport.paused && !data.escaped;
}

bool receive_one(DatagramTransport& transport, char* buffer) noexcept {
  sockaddr_storage address;
  address.ss_family = AF_UNSPEC;
  socklen_t size = sizeof address;
  const net::Moved got = net::Moved::of(::recvfrom(transport.fd, buffer, stream::kReadMax, 0,
                                                   reinterpret_cast<sockaddr*>(&address), &size));
  if (!got.ok()) {
    if (got.not_now()) return false;
    errno = got.error;
    PyErr_SetFromErrno(PyExc_OSError);
    report_error(transport, "_read_ready");
    return false;
  }
  Ref<> bytes = py::steal(PyBytes_FromStringAndSize(buffer, static_cast<Py_ssize_t>(got.count)));
  return hand_over(transport, std::move(bytes), sender_of(transport, address));
}

// Of the families whose addresses are no pair or quadruple, as the socket object has them.
bool receive_by_socket(DatagramTransport& transport) noexcept {
  Ref<> sock = stream::socket_of(transport);
  Ref<> got = sock ? py::steal(PyObject_CallMethod(sock.get(), "recvfrom", "n",
                                                   static_cast<Py_ssize_t>(stream::kReadMax)))
                   : nullptr;
  Ref<> pair = got ? py::steal(PySequence_Tuple(got.get())) : nullptr;
  if (pair && PyTuple_GET_SIZE(pair.get()) != 2) {
    py::raise(PyExc_ValueError, "recvfrom() returned no pair of data and address: %R", got.get());
    pair = nullptr;
  }
  if (!pair) {
    if (py::consume_error(PyExc_BlockingIOError) || py::consume_error(PyExc_InterruptedError)) {
      return false;
    }
    report_error(transport, "_read_ready");
    return false;
  }
  return hand_over(transport, py::borrow(PyTuple_GET_ITEM(pair.get(), 0)),
                   py::borrow(PyTuple_GET_ITEM(pair.get(), 1)));
}

void receive(DatagramTransport& transport) noexcept {
  char* buffer = stream::read_buffer(*transport.data);
  if (buffer == nullptr) {
    PyErr_NoMemory();
    return stream::callback_error(transport, "_read_ready");
  }
  for (int i = 0; i < kTakenMax; ++i) {
    const bool more =
        transport.own.known() ? receive_one(transport, buffer) : receive_by_socket(transport);
    if (!more) return;
  }
}

void readable(Descriptor& descriptor) noexcept {
  DatagramTransport& transport = of(descriptor.object);
  if (!stream::wants_to_read(transport)) return;
  stream::in_context(transport, transport.read_context, "_read_ready", [&] { receive(transport); });
}

// --- out ----------------------------------------------------------------------------------------

// A pair or quadruple of a numeric address, of the socket's own family.
bool parse(const DatagramTransport& transport, PyObject* address, Endpoint& target) noexcept {
  if (!PyTuple_CheckExact(address) || PyTuple_GET_SIZE(address) != 2 ||
      transport.own.family != AF_INET) {
    return false;
  }
  PyObject *host = PyTuple_GET_ITEM(address, 0), *port = PyTuple_GET_ITEM(address, 1);
  if (!PyUnicode_CheckExact(host) || !PyUnicode_IS_ASCII(host) || !PyLong_CheckExact(port)) {
    return false;
  }
  int overflow = 0;
  const long number = PyLong_AsLongAndOverflow(port, &overflow);
  if (overflow != 0 || number < 0 || number > 65535) return false;
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(static_cast<std::uint16_t>(number));
  const auto* text = reinterpret_cast<const char*>(PyUnicode_1BYTE_DATA(host));
  if (inet_pton(AF_INET, text, &in.sin_addr) != 1) return false;
  target.in = in;
  return true;
}

bool find_target(DatagramTransport& transport, PyObject* address) noexcept {
  if (transport.last_target.get() == address && address != nullptr) return true;
  if (address == transport.last_sender.get() && address != nullptr) {
    transport.target = transport.sender;
  } else if (!parse(transport, address, transport.target)) {
    return false;
  }
  transport.last_target = py::borrow(address);
  return true;
}

enum class Sent { yes, not_now, failed };

Sent send_by_socket(DatagramTransport& transport, PyObject* data, PyObject* address) noexcept {
  Ref<> sock = stream::socket_of(transport);
  if (!sock) return Sent::failed;
  Ref<> done = py::steal(transport.peer_known
                             ? PyObject_CallMethod(sock.get(), "send", "O", data)
                             : PyObject_CallMethod(sock.get(), "sendto", "OO", data, address));
  if (done) return Sent::yes;
  if (py::consume_error(PyExc_BlockingIOError) || py::consume_error(PyExc_InterruptedError)) {
    return Sent::not_now;
  }
  return Sent::failed;
}

// failed: an error is set.
Sent send_one(DatagramTransport& transport, PyObject* data, PyObject* address) noexcept {
  const bool plain =
      PyBytes_CheckExact(data) && (transport.peer_known || find_target(transport, address));
  if (!plain) return send_by_socket(transport, data, address);
  const char* bytes = PyBytes_AS_STRING(data);
  const auto size = static_cast<std::size_t>(PyBytes_GET_SIZE(data));
  const Endpoint& target = transport.target;
  const auto* raw = reinterpret_cast<const sockaddr*>(&target);
  const socklen_t length = target.family == AF_INET ? sizeof target.in : sizeof target.in6;
  const net::Moved sent =
      transport.peer_known
          ? net::send(transport.fd, bytes, size)
          : net::Moved::of(::sendto(transport.fd, bytes, size, MSG_NOSIGNAL, raw, length));
  if (sent.ok()) return Sent::yes;
  if (sent.not_now()) return Sent::not_now;
  errno = sent.error;
  PyErr_SetFromErrno(PyExc_OSError);
  return Sent::failed;
}

// What went wrong is the protocol's to hear of, or ends the transport. 0, or -1 with what goes on
// to the caller.
int sending_failed(DatagramTransport& transport) noexcept {
  Ref<> exception = py::fetch_error();
  if (py::ends_the_run(exception.get()) || transport.data == nullptr) {
    py::restore_error(std::move(exception));
    return -1;
  }
  if (PyObject_IsInstance(exception.get(), PyExc_OSError) != 1) {
    stream::fatal_error(transport, std::move(exception), "Fatal write error on datagram transport");
    return 0;
  }
  Ref<> loop = transport.home.share();
  Ref<> protocol = protocol_of(transport);
  PyObject* name = stream::state_of(transport).names.error_received.get();
  return protocol && py::call_method(protocol.get(), name, exception.get()) ? 0 : -1;
}

// What asyncio counts for a datagram beside its bytes, as an attribute that a subclass may set.
long long header_size(DatagramTransport& transport) noexcept {
  constexpr long long kMax = 1 << 20;
  Ref<> size = py::steal(PyObject_GetAttrString(object_of(transport), "_header_size"));
  const long long number = size ? PyLong_AsLongLong(size.get()) : 0;
  if (PyErr_Occurred() != nullptr) py::ignore_error();
  return std::clamp(number, 0LL, kMax);
}

int put_into_line(DatagramTransport& transport, PyObject* data, PyObject* address) noexcept {
  Ref<> bytes = py::steal(PyBytes_FromObject(data));
  Ref<> entry = bytes ? py::steal(PyTuple_Pack(2, bytes.get(), address)) : nullptr;
  if (!entry) return -1;
  const long long header = header_size(transport);
  if (transport.data == nullptr) return 0;  // closed by code of the data's own
  if (!transport.pending.append(std::move(entry))) return -1;
  transport.pending_bytes += PyBytes_GET_SIZE(bytes.get()) + header;
  return 0;
}

int await_writable(DatagramTransport& transport) noexcept {
  if (transport.descriptor.watches(Interest::write)) return 0;
  transport.write_context = context_now(transport);
  if (!transport.write_context) return -1;
  const Status watched =
      watch(transport.descriptor, transport.descriptor.watch.interest | Interest::write);
  if (watched.ok()) return 0;
  errno = watched.error();
  PyErr_SetFromErrno(PyExc_OSError);
  return -1;
}

// The first of the line is dealt with. 1; 0: not now; -1: an error that has been reported.
int send_first(DatagramTransport& transport) noexcept {
  Ref<> entry = py::borrow(transport.pending[0]);
  PyObject* bytes = PyTuple_GET_ITEM(entry.get(), 0);
  const Sent sent = send_one(transport, bytes, PyTuple_GET_ITEM(entry.get(), 1));
  if (sent == Sent::not_now) return 0;
  py::ErrorScope keep;
  const long long header = header_size(transport);
  if (waiting(transport) && transport.pending[0] == entry.get()) {
    transport.pending_bytes -= PyBytes_GET_SIZE(bytes) + header;
    Ref<> done = transport.pending.take_first();
  }
  return sent == Sent::yes ? 1 : -1;
}

void send_pending(DatagramTransport& transport) noexcept {
  while (transport.data != nullptr && waiting(transport)) {
    const int sent = send_first(transport);
    if (sent > 0) continue;
    if (sent < 0) {
      if (sending_failed(transport) < 0 && transport.data != nullptr) {
        stream::callback_error(transport, "_sendto_ready");
      }
      return;
    }
    break;
  }
  if (transport.data == nullptr) return;
  if (transport.protocol_paused && transport.pending_bytes <= transport.low_water) {
    transport.protocol_paused = false;
    if (stream::tell_protocol(transport, stream::Flow::resume) < 0) {
      stream::callback_error(transport, "_sendto_ready");
    }
  }
  if (transport.data == nullptr || waiting(transport)) return;
  static_cast<void>(
      watch(transport.descriptor, transport.descriptor.watch.interest - Interest::write).ok());
  if (transport.closing && transport.conn_lost == 0) {
    stream::count_lost(transport);
    unwatch(transport.descriptor);
    stream::lose_now(transport);
  }
}

void writable(Descriptor& descriptor) noexcept {
  DatagramTransport& transport = of(descriptor.object);
  if (transport.data == nullptr || transport.conn_lost > 0) return;
  stream::in_context(transport, transport.write_context, "_sendto_ready",
                     [&] { send_pending(transport); });
}

// The address to send to. Empty, with ValueError: it is not the transport's own.
Ref<> target_of(DatagramTransport& transport, PyObject* address) noexcept {
  Ref<> own = py::or_none(transport.address.get());
  const int given = py::truth(own.get());
  if (given <= 0) return given < 0 ? nullptr : py::borrow(address);
  if (address != Py_None) {
    const int same = PyObject_RichCompareBool(address, own.get(), Py_EQ);
    if (same < 0) return py::raised;
    if (same == 0) {
      return py::raise(PyExc_ValueError, "Invalid address: must be None or %S", own.get());
    }
  }
  return own;
}

}  // namespace

constinit const DescriptorKind kDescriptorKind{readable, writable};

// What is not plain, errors included, is asyncio's own function's to judge.
Ref<> send_to(PyObject* self, py::Args args) noexcept {
  DatagramTransport& transport = of(self);
  PyObject *data = nullptr, *address = Py_None;
  if (py::bind({"sendto", 2, 1}, args, {{"data", &data}, {"addr", &address}}) < 0) {
    return py::raised;
  }
  const bool bytes_like =
      PyBytes_Check(data) || PyByteArray_Check(data) || PyMemoryView_Check(data);
  const int given = py::truth(py::or_none(transport.address.get()));
  if (given < 0) return py::raised;
  Ref<> loop = transport.home.share();
  const bool lost = transport.data == nullptr || (transport.conn_lost > 0 && given != 0);
  if (!bytes_like || lost) return call_stock(self, data, address);
  const Py_ssize_t length = PyObject_Size(data);
  if (length < 0) return py::raised;
  if (transport.data == nullptr || (length == 0 && !sends_empty(transport))) return py::none();
  Ref<> target = target_of(transport, address);
  if (!target) return py::raised;
  if (!waiting(transport)) {
    const Sent sent = send_one(transport, data, target.get());
    if (sent == Sent::yes) return py::none();
    if (sent == Sent::failed) return sending_failed(transport) < 0 ? nullptr : py::none();
    if (transport.data == nullptr) return py::none();
    if (await_writable(transport) < 0) return py::raised;
  }
  if (put_into_line(transport, data, target.get()) < 0) return py::raised;
  return maybe_pause(transport);
}

Ref<> maybe_pause(DatagramTransport& transport) noexcept {
  if (transport.data == nullptr || transport.protocol_paused ||
      transport.pending_bytes <= transport.high_water) {
    return py::none();
  }
  transport.protocol_paused = true;
  if (stream::tell_protocol(transport, stream::Flow::pause) < 0) return py::raised;
  return py::none();
}

Ref<> close(PyObject* self) noexcept {
  DatagramTransport& transport = of(self);
  if (transport.closing) return py::none();
  transport.closing = true;
  if (waiting(transport) && transport.data != nullptr) {
    static_cast<void>(
        watch(transport.descriptor, transport.descriptor.watch.interest - Interest::read).ok());
    return py::none();
  }
  stream::count_lost(transport);
  unwatch(transport.descriptor);
  if (stream::lose_connection(transport, nullptr) < 0) return py::raised;
  return py::none();
}

Ref<> force_close(PyObject* self, PyObject* exception) noexcept {
  DatagramTransport& transport = of(self);
  if (transport.conn_lost == 0) {
    transport.pending_bytes = 0;
    transport.pending.clear();
  }
  return stream::force_close(self, exception);
}

}  // namespace phaseloop::datagram
