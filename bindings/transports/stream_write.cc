// Writing: queued, and sent in as few calls as can be.
#include "bindings/core/current_task.h"
#include "bindings/core/work.h"
#include "bindings/py/call.h"
#include "bindings/py/objects.h"
#include "bindings/py/version.h"
#include "bindings/transports/stream.h"
#include "bindings/transports/stream_call.h"
#include "runtime/net/socket.h"

namespace phaseloop::stream {
namespace {

constexpr std::size_t kGatherBytes = 64 * 1024;  // not put off beyond that
constexpr std::size_t kGatherParts = 64;

StreamTransport& of(Runnable& work) noexcept {
  return static_cast<StreamTransport&>(static_cast<FlushWork&>(work));
}

void run_flush(Runnable& work) noexcept {
  StreamTransport& stream = of(work);
  Ref<> share = py::steal(object_of(stream));
  if (stream.data == nullptr) return;
  leave_standing_task(*stream.data);
  flush(stream);
}
void drop_flush(Runnable& work) noexcept { Ref<> share = py::steal(object_of(of(work))); }
PyObject* owner(Runnable& work) noexcept { return object_of(of(work)); }

void put_off(StreamTransport& stream) noexcept {
  FlushWork& work = stream;
  if (work.linked()) return;
  py::acquire(object_of(stream));
  stream.data->events->call_at_end(work);
  if (serve_later(*stream.data) < 0) py::write_unraisable(object_of(stream));
}

// The system took less than there is: it says when it takes more.
void await_writable(StreamTransport& stream) noexcept {
  if (stream.descriptor.watches(Interest::write)) return;
  stream.write_context = context_now(stream);
  const Status watched =
      watch(stream.descriptor, stream.descriptor.watch.interest | Interest::write);
  if (!watched.ok()) {
    fatal_os_error(stream, watched.error(), "Fatal write error on socket transport");
  }
}

net::Moved send_front(StreamTransport& stream, std::size_t& offered) noexcept {
  iovec parts[kGatherParts];
  const std::size_t count = stream.queue.gather(parts, kGatherParts);
  offered = 0;
  for (std::size_t i = 0; i < count; ++i) offered += parts[i].iov_len;
  if (count == 1) return net::send(stream.fd, parts[0].iov_base, parts[0].iov_len);
  return net::send_vector(stream.fd, parts, count);
}

// True: something was sent; a rest means that the system's buffer is full. False: not now, or
// `error`.
bool send_some(StreamTransport& stream, int& error) noexcept {
  std::size_t offered = 0;
  net::Moved sent;
  do {
    sent = send_front(stream, offered);
    if (!sent.ok()) {
      error = sent.not_now() ? 0 : sent.error;
      return false;
    }
    stream.queue.consume(sent.count);
  } while (sent.count == offered && !stream.queue.empty());
  return true;
}

bool is_plain(const StreamTransport& stream) noexcept {
  return !stream.eof && !awaits_emptiness(stream) && stream.conn_lost == 0 &&
         stream.data != nullptr;
}

// An immutable object with the bytes of `data`.
Ref<> fixed_bytes(PyObject* data) noexcept {
  if (PyBytes_CheckExact(data)) return py::borrow(data);
  return py::steal(PyBytes_FromObject(data));
}

// 0, or -1 with an error set.
int queue_bytes(StreamTransport& stream, Ref<> bytes) noexcept {
  if (stream.queue.push(std::move(bytes))) return 0;
  PyErr_NoMemory();
  return -1;
}

// After something was queued. None, or empty with an error that ends the run.
Ref<> send_or_put_off(StreamTransport& stream) noexcept {
  if (stream.descriptor.watches(Interest::write)) return maybe_pause(stream);
  const bool waiting_shows = static_cast<long long>(stream.queue.bytes()) > stream.high_water;
  // Nor is there an end of the iteration to wait for while the loop is not running.
  if (!waiting_shows && stream.queue.bytes() < kGatherBytes &&
      stream.queue.count() < kGatherParts && stream.data->running()) {
    put_off(stream);
    return py::none();
  }
  flush(stream);
  if (stream.data == nullptr) return py::none();
  return maybe_pause(stream);
}

int finish_empty_waiter(StreamTransport& stream, Ref<> exception) noexcept {
  if (!awaits_emptiness(stream)) return 0;
  Ref<> waiter = stream.empty_waiter.share();
  Ref<> done =
      py::steal(exception ? PyObject_CallMethod(waiter.get(), "set_exception", "O", exception.get())
                          : PyObject_CallMethod(waiter.get(), "set_result", "O", Py_None));
  return done ? 0 : -1;
}

void resume_if_low(StreamTransport& stream) noexcept {
  if (!stream.protocol_paused || static_cast<long long>(stream.queue.bytes()) > stream.low_water) {
    return;
  }
  stream.protocol_paused = false;
  if (tell_protocol(stream, Flow::resume) < 0) callback_error(stream, "_write_ready");
}

// Everything has been sent after a wait: what was put off until then.
void all_sent(StreamTransport& stream) noexcept {
  static_cast<void>(
      watch(stream.descriptor, stream.descriptor.watch.interest - Interest::write).ok());
  if (finish_empty_waiter(stream, nullptr) < 0) callback_error(stream, "_write_ready");
  if (stream.data == nullptr) return;
  if (stream.closing) {
    if (stream.conn_lost > 0) return;
    count_lost(stream);
    unwatch(stream.descriptor);
    lose_now(stream);
  } else if (stream.eof && ::shutdown(stream.fd, SHUT_WR) < 0) {
    PyErr_SetFromErrno(PyExc_OSError);
    callback_error(stream, "_write_ready");
  }
}

void write_ready(StreamTransport& stream) noexcept {
  int error = 0;
  const bool sent = send_some(stream, error);
  if (!sent && error != 0) {
    stream.queue.clear();
    errno = error;
    PyErr_SetFromErrno(PyExc_OSError);
    Ref<> exception = py::fetch_error();
    Ref<> keep = exception.share();
    fatal_error(stream, std::move(exception), "Fatal write error on socket transport");
    if (finish_empty_waiter(stream, std::move(keep)) < 0) callback_error(stream, "_write_ready");
    return;
  }
  if (!sent) return;
  resume_if_low(stream);  // may queue more
  if (stream.data != nullptr && stream.queue.empty()) all_sent(stream);
}

}  // namespace

constinit const WorkKind kFlushKind{{run_flush, drop_flush}, owner, nullptr};

void flush(StreamTransport& stream) noexcept {
  if (stream.queue.empty() || stream.fd < 0 || stream.descriptor.watches(Interest::write)) return;
  int error = 0;
  if (!send_some(stream, error) && error != 0) {
    stream.queue.clear();
    return fatal_os_error(stream, error, "Fatal write error on socket transport");
  }
  if (!stream.queue.empty()) await_writable(stream);
}

void writable(Descriptor& descriptor) noexcept {
  StreamTransport& stream = stream_of(descriptor.object);
  if (stream.conn_lost > 0 || stream.data == nullptr) return;
  in_context(stream, stream.write_context, "_write_ready", [&] { write_ready(stream); });
}

Ref<> maybe_pause(StreamTransport& stream) noexcept {
  if (stream.protocol_paused || static_cast<long long>(stream.queue.bytes()) <= stream.high_water) {
    return py::none();
  }
  stream.protocol_paused = true;
  if (tell_protocol(stream, Flow::pause) < 0) return py::raised;
  return py::none();
}

// What is not plain, errors included, is asyncio's own function's to judge: it touches the socket
// in no case that gets there.
Ref<> write(PyObject* self, PyObject* data) noexcept {
  StreamTransport& stream = stream_of(self);
  const bool bytes_like = PyBytes_CheckExact(data) || PyByteArray_Check(data) ||
                          PyMemoryView_Check(data) || PyBytes_Check(data);
  if (!is_plain(stream) || !bytes_like) return call_stock(self, "write", data);
  Ref<> bytes = fixed_bytes(data);
  if (!bytes) return py::raised;
  // A buffer's own code may have closed the transport.
  if (!is_plain(stream)) return call_stock(self, "write", bytes.get());
  if (PyBytes_GET_SIZE(bytes.get()) == 0) return py::none();
  if (queue_bytes(stream, std::move(bytes)) < 0) return py::raised;
  return send_or_put_off(stream);
}

namespace {

// A line as it is sent. What is empty is skipped, whatever it is.
[[maybe_unused]] Ref<> fixed_line(PyObject* item) noexcept {
  if (PyBytes_CheckExact(item)) return py::borrow(item);
  const int full = PyObject_IsTrue(item);
  if (full < 0) return py::raised;
  if (full == 0) return py::steal(PyBytes_FromStringAndSize(nullptr, 0));
  Ref<> view = py::steal(PyMemoryView_FromObject(item));
  if (!view || (version::kWritelinesAsksLength && PyObject_Size(item) < 0)) return py::raised;
  return py::steal(PyBytes_FromObject(view.get()));
}

// bool(), __buffer__() and the iteration run code that may change the list.
[[maybe_unused]] int take_lines(PyObject* list, py::Objects& lines) noexcept {
  Ref<> items = py::steal(PyObject_GetIter(list));
  if (!items) return -1;
  while (Ref<> item = py::steal(PyIter_Next(items.get()))) {
    Ref<> line = fixed_line(item.get());
    if (!line || !lines.append(std::move(line))) return -1;
  }
  return PyErr_Occurred() == nullptr ? 0 : -1;
}

// Counted as write() does: the first releases of 3.12 forgot to look.
[[maybe_unused]] Ref<> write_to_lost(PyObject* self) noexcept {
  Ref<> lost = py::steal(PyBytes_FromStringAndSize("", 1));
  return lost ? call_stock(self, "write", lost.get()) : nullptr;
}

}  // namespace

Ref<> write_lines(PyObject* self, PyObject* list) noexcept {
  StreamTransport& stream = stream_of(self);
#if PY_VERSION_HEX < 0x030c0000
  // Until 3.11 the pieces are joined and given to write().
  Ref<> empty = py::steal(PyBytes_FromStringAndSize(nullptr, 0));
  Ref<> joined = empty ? py::steal(PyObject_CallMethod(empty.get(), "join", "O", list)) : nullptr;
  if (!joined) return py::raised;
  static_cast<void>(stream);
  return write(self, joined.get());
#else
  if (stream.eof || awaits_emptiness(stream)) return call_stock(self, "writelines", list);
  const int any = PyObject_IsTrue(list);
  if (any <= 0) return any < 0 ? nullptr : py::none();
  if (!is_plain(stream)) return write_to_lost(self);
  // All are looked at before one is queued: an error changes nothing.
  py::Objects lines;
  if (take_lines(list, lines) < 0) return py::raised;
  if (!is_plain(stream)) return write_to_lost(self);  // the lines' own code has closed it
  for (std::size_t i = 0; i < lines.size(); ++i) {
    PyObject* line = lines[i];
    if (PyBytes_GET_SIZE(line) > 0 && queue_bytes(stream, py::borrow(line)) < 0) return py::raised;
  }
  if (stream.queue.empty()) return py::none();
  return send_or_put_off(stream);
#endif
}

Ref<> write_eof(PyObject* self) noexcept {
  StreamTransport& stream = stream_of(self);
  if (stream.closing || stream.eof) return py::none();
  flush(stream);
  stream.eof = true;
  if (!stream.queue.empty() || stream.fd < 0) return py::none();
  if (::shutdown(stream.fd, SHUT_WR) < 0) {
    PyErr_SetFromErrno(PyExc_OSError);
    return py::raised;
  }
  return py::none();
}

}  // namespace phaseloop::stream
