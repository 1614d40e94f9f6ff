// Reading: one call for each time the poller says that there is something.
#include <new>

#include "bindings/py/call.h"
#include "bindings/transports/stream.h"
#include "bindings/transports/stream_call.h"
#include "runtime/net/socket.h"

namespace phaseloop::stream {
namespace {

// Who sends so much at a time is likely to go on.
constexpr std::size_t kBulk = 32 * 1024;

// 1: the transport stays open for writing; 0: it is to close; -1.
int tell_end(StreamTransport& stream, State& state) noexcept {
  Ref<> protocol = protocol_of(stream);
  if (!protocol) return -1;
  if (stream.native != nullptr) return stream.native->eof_received(protocol.get());
  return py::truth(py::call_method(protocol.get(), state.names.eof_received.get()));
}

void at_end_of_stream(StreamTransport& stream) noexcept {
  State& state = state_of(stream);
  log_debug(stream, "%r received EOF");
  const int keep_open = tell_end(stream, state);
  if (keep_open < 0) {
    return fatal_error(stream, py::fetch_error(),
                       "Fatal error: protocol.eof_received() call failed.");
  }
  if (stream.data == nullptr) return;
  if (keep_open != 0) {  // the protocol goes on writing; there is nothing more to read
    static_cast<void>(
        watch(stream.descriptor, stream.descriptor.watch.interest - Interest::read).ok());
  } else if (Ref<> closed = close(object_of(stream)); !closed) {
    callback_error(stream, "_read_ready");
  }
}

void hand_over(StreamTransport& stream, Ref<> bytes) noexcept {
  Ref<> protocol = protocol_of(stream);
  PyObject* name = state_of(stream).names.data_received.get();
  if (!bytes || !protocol || !py::call_method(protocol.get(), name, bytes.get())) {
    fatal_error(stream, py::fetch_error(), "Fatal error: protocol.data_received() call failed.");
  }
}

// False: there is nothing to hand over, and what that means has been seen to.
bool received(StreamTransport& stream, const net::Moved& got) noexcept {
  stream.bulk = got.ok() && got.count >= kBulk;
  if (!got.ok()) {
    if (!got.not_now()) {
      fatal_os_error(stream, got.error, "Fatal read error on socket transport");
    }
    return false;
  }
  if (got.count == 0) at_end_of_stream(stream);
  return got.count > 0;
}

// Into memory that becomes the protocol's: shrinking it is cheaper than to copy so much.
void read_bulk(StreamTransport& stream) noexcept {
  PyObject* bytes = PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(kBulkReadMax));
  if (bytes == nullptr) {
    return fatal_error(stream, py::fetch_error(), "Fatal read error on socket transport");
  }
  const net::Moved got = net::receive(stream.fd, PyBytes_AS_STRING(bytes), kBulkReadMax);
  // Null if it fails, with the error set.
  if (got.ok() && got.count > 0) _PyBytes_Resize(&bytes, static_cast<Py_ssize_t>(got.count));
  Ref<> data = py::steal(bytes);
  if (received(stream, got)) hand_over(stream, std::move(data));
}

void read_data(StreamTransport& stream) noexcept {
  if (stream.bulk && stream.native == nullptr) return read_bulk(stream);
  char* buffer = read_buffer(*stream.data);
  if (buffer == nullptr) {
    PyErr_NoMemory();
    return fatal_error(stream, py::fetch_error(), "Fatal read error on socket transport");
  }
  const net::Moved got = net::receive(stream.fd, buffer, kReadMax);
  if (!received(stream, got)) return;
  if (stream.native == nullptr) {
    const auto size = static_cast<Py_ssize_t>(got.count);
    return hand_over(stream, py::steal(PyBytes_FromStringAndSize(buffer, size)));
  }
  Ref<> protocol = protocol_of(stream);
  if (!protocol || stream.native->data_received(protocol.get(), buffer, got.count) < 0) {
    fatal_error(stream, py::fetch_error(), "Fatal error: protocol.data_received() call failed.");
  }
}

// The buffer that a BufferedProtocol wants filled.
class GivenBuffer {
 public:
  GivenBuffer() noexcept = default;
  GivenBuffer(const GivenBuffer&) = delete;
  GivenBuffer& operator=(const GivenBuffer&) = delete;
  ~GivenBuffer() {
    if (view_.obj != nullptr) PyBuffer_Release(&view_);
  }
  // 0, or -1 with what is to be reported about get_buffer().
  int ask(State& state, PyObject* protocol) noexcept {
    Ref<> minus_one = py::steal(PyLong_FromLong(-1));
    object_ = minus_one ? py::call_method(protocol, state.names.get_buffer.get(), minus_one.get())
                        : nullptr;
    if (!object_) return -1;
    const Py_ssize_t length = PyObject_Size(object_.get());
    if (length < 0) return -1;
    if (length > 0) return 0;
    return py::raise(PyExc_RuntimeError, "get_buffer() returned an empty buffer");
  }
  // As socket.recv_into() takes it.
  int open() noexcept {
    if (PyObject_GetBuffer(object_.get(), &view_, PyBUF_WRITABLE) == 0) return 0;
    py::ignore_error();
    return py::raise(PyExc_TypeError,
                     "recv_into() argument 1 must be read-write bytes-like object, not %.50s",
                     Py_TYPE(object_.get())->tp_name);
  }
  void* data() const noexcept { return view_.buf; }
  std::size_t size() const noexcept { return static_cast<std::size_t>(view_.len); }

 private:
  Ref<> object_;
  Py_buffer view_{};
};

void read_into_buffer(StreamTransport& stream) noexcept {
  State& state = state_of(stream);
  Ref<> protocol = protocol_of(stream);
  net::Moved got;
  {
    GivenBuffer buffer;
    if (!protocol || buffer.ask(state, protocol.get()) < 0) {
      return fatal_error(stream, py::fetch_error(),
                         "Fatal error: protocol.get_buffer() call failed.");
    }
    if (stream.fd < 0) return;  // get_buffer() has aborted the transport
    if (buffer.open() < 0) {
      return fatal_error(stream, py::fetch_error(), "Fatal read error on socket transport");
    }
    if (stream.fd < 0) return;  // a buffer's own __buffer__() has
    got = net::receive(stream.fd, buffer.data(), buffer.size());
  }
  if (!got.ok()) {
    if (got.not_now()) return;
    return fatal_os_error(stream, got.error, "Fatal read error on socket transport");
  }
  if (got.count == 0) return at_end_of_stream(stream);
  Ref<> count = py::steal(PyLong_FromSize_t(got.count));
  Ref<> done = count
                   ? py::call_method(protocol.get(), state.names.buffer_updated.get(), count.get())
                   : nullptr;
  if (!done) {
    fatal_error(stream, py::fetch_error(), "Fatal error: protocol.buffer_updated() call failed.");
  }
}

void readable(Descriptor& descriptor) noexcept {
  StreamTransport& stream = stream_of(descriptor.object);
  if (!wants_to_read(stream)) return;
  in_context(stream, stream.read_context, "_read_ready", [&] {
    if (stream.buffered) {
      read_into_buffer(stream);
    } else {
      read_data(stream);
    }
  });
}

}  // namespace

char* read_buffer(LoopData& data) noexcept {
  if (!data.read_buffer) data.read_buffer.reset(new (std::nothrow) char[kBulkReadMax]);
  return data.read_buffer.get();
}

bool wants_to_read(StreamTransport& stream) noexcept {
  if (stream.conn_lost > 0 || stream.data == nullptr) return false;
  if ((!stream.paused || stream.reads_though_paused) && !stream.closing) return true;
  Descriptor& descriptor = stream.descriptor;
  static_cast<void>(watch(descriptor, descriptor.watch.interest - Interest::read).ok());
  return false;
}

constinit const DescriptorKind kDescriptorKind{readable, writable};

int start_reading(StreamTransport& stream, Ref<> context) noexcept {
  if (!context) return -1;
  if (stream.data == nullptr || stream.fd < 0) return 0;
  const Status watched =
      watch(stream.descriptor, stream.descriptor.watch.interest | Interest::read);
  if (!watched.ok()) {
    errno = watched.error();
    PyErr_SetFromErrno(PyExc_OSError);
    return -1;
  }
  stream.read_context = std::move(context);
  return 0;
}

}  // namespace phaseloop::stream
