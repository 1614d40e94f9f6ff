#include "bindings/transports/pipe.h"

#include <cstring>

#include "bindings/core/loop_data.h"
#include "bindings/py/call.h"
#include "bindings/py/gil.h"
#include "bindings/transports/stream_call.h"
#include "runtime/net/pipe.h"

namespace phaseloop {
namespace {

using py::Args;
using Names = State::Names;

// An attribute that is a descriptor, or -1 without an error: asyncio's method knows what to do.
int descriptor(PyObject* self, const Names& names) noexcept {
  Ref<> number = py::attribute(self, names._fileno.get());
  const long fd = number && PyLong_CheckExact(number.get()) ? PyLong_AsLong(number.get()) : -1;
  if (PyErr_Occurred() != nullptr) py::ignore_error();
  return static_cast<int>(fd);
}

// self._fatal_error(the error, message): what was called has been seen to.
Ref<> fatal_error(PyObject* self, const Names& names, int error, const char* message) noexcept {
  errno = error;
  PyErr_SetFromErrno(PyExc_OSError);
  Ref<> exception = py::fetch_error();
  py::HandlingScope handling(exception.get());
  Ref<> text = py::steal(PyUnicode_FromString(message));
  return text ? py::call_method(self, names._fatal_error.get(), exception.get(), text.get())
              : nullptr;
}

// The loop's method for the descriptor: add_writer(fd, callback), remove_writer(fd).
template <class... Callback>
Ref<> tell_loop(PyObject* self, const Names& names, const Ref<>& method,
                Callback*... callback) noexcept {
  Ref<> loop = py::attribute(self, names._loop.get());
  Ref<> fd = loop ? py::attribute(self, names._fileno.get()) : nullptr;
  return fd ? py::call_method(loop.get(), method.get(), fd.get(), callback...) : nullptr;
}

// --- reading ------------------------------------------------------------------------------------

int log_end(PyObject* self, State& state, const LoopData& data) noexcept {
  if (!data.debug) [[likely]]
    return 0;
  Ref<> logger = py::steal(PyObject_GetAttrString(state.base_events_module.get(), "logger"));
  return logger && py::steal(PyObject_CallMethod(logger.get(), "info", "sO",
                                                 "%r was closed by peer", self))
             ? 0
             : -1;
}

// asyncio's method can't be left to find this out for itself: it would read again, and a terminal
// says only once that it is at its end.
Ref<> at_end(PyObject* self, State& state, const LoopData& data) noexcept {
  const Names& names = state.names;
  Ref<> loop = py::borrow(data.object);
  if (log_end(self, state, data) < 0) return py::raised;
  if (PyObject_SetAttr(self, names._closing.get(), Py_True) < 0) return py::raised;
  if (!tell_loop(self, names, names._remove_reader)) return py::raised;
  Ref<> protocol = py::attribute(self, names._protocol.get());
  Ref<> received = protocol ? py::attribute(protocol.get(), names.eof_received.get()) : nullptr;
  PyObject* call_soon = names.call_soon.get();
  if (!received || !py::call_method(loop.get(), call_soon, received.get())) return py::raised;
  Ref<> lost = py::attribute(self, names._call_connection_lost.get());
  if (!lost || !py::call_method(loop.get(), call_soon, lost.get(), Py_None)) return py::raised;
  return py::none();
}

Ref<> read_ready(State& state, Args args) noexcept {
  if (args.count() != 1 || args.keyword_count() != 0) return nullptr;
  PyObject* self = args[0];
  const Names& names = state.names;
  const int fd = descriptor(self, names);
  Ref<> loop = py::attribute(self, names._loop.get());
  if (!loop) return py::raised;
  LoopData& data = loop_data(state, loop.get());
  char* buffer = fd >= 0 && data.native() ? stream::read_buffer(data) : nullptr;
  if (buffer == nullptr) return nullptr;
  const net::Moved got = net::read(fd, buffer, stream::kBulkReadMax);
  if (got.not_now()) return py::none();
  if (!got.ok()) return fatal_error(self, names, got.error, "Fatal read error on pipe transport");
  if (got.count == 0) return at_end(self, state, data);
  Ref<> bytes = py::steal(PyBytes_FromStringAndSize(buffer, static_cast<Py_ssize_t>(got.count)));
  Ref<> protocol = bytes ? py::attribute(self, names._protocol.get()) : nullptr;
  if (!protocol) return py::raised;
  if (!py::call_method(protocol.get(), names.data_received.get(), bytes.get())) return py::raised;
  return py::none();
}

// --- writing ------------------------------------------------------------------------------------

// The attribute is true, or could not be asked.
bool is_set(PyObject* self, const Ref<>& name) noexcept {
  const int truth = py::truth(py::attribute(self, name.get()));
  if (truth < 0) py::ignore_error();
  return truth != 0;
}

int count_lost(PyObject* self, const Names& names) noexcept {
  Ref<> before = py::attribute(self, names._conn_lost.get());
  Ref<> one = py::steal(PyLong_FromLong(1));
  Ref<> after = before && one ? py::steal(PyNumber_Add(before.get(), one.get())) : nullptr;
  return after ? PyObject_SetAttr(self, names._conn_lost.get(), after.get()) : -1;
}

Ref<> write_failed(PyObject* self, const Names& names, int error) noexcept {
  if (count_lost(self, names) < 0) return py::raised;
  return fatal_error(self, names, error, "Fatal write error on pipe transport");
}

// If it has to wait, other threads go on meanwhile: one of them may be the one that reads.
net::Moved write_now(int fd, const Py_buffer& data) noexcept {
  const auto size = static_cast<std::size_t>(data.len);
  if (!net::waits(fd)) [[likely]]
    return net::write(fd, data.buf, size);
  py::ReleasedGil released;
  return net::write(fd, data.buf, size);
}

int append(PyObject* buffer, const char* bytes, std::size_t size) noexcept {
  const Py_ssize_t before = PyByteArray_GET_SIZE(buffer);
  if (PyByteArray_Resize(buffer, before + static_cast<Py_ssize_t>(size)) < 0) return -1;
  std::memcpy(PyByteArray_AS_STRING(buffer) + before, bytes, size);
  return 0;
}

int watch_writing(PyObject* self, const Names& names) noexcept {
  Ref<> callback = py::attribute(self, names._write_ready.get());
  if (!callback) return -1;
  return tell_loop(self, names, names._add_writer, callback.get()) ? 0 : -1;
}

Ref<> write_bytes(PyObject* self, const Names& names, PyObject* buffer, const Py_buffer& data,
                  int fd) noexcept {
  const auto* bytes = static_cast<const char*>(data.buf);
  const auto size = static_cast<std::size_t>(data.len);
  std::size_t sent = 0;
  if (PyByteArray_GET_SIZE(buffer) == 0) {
    const net::Moved moved = write_now(fd, data);
    if (!moved.ok() && !moved.not_now()) return write_failed(self, names, moved.error);
    sent = moved.count;
    if (sent == size) return py::none();
    if (watch_writing(self, names) < 0) return py::raised;
  }
  if (append(buffer, bytes + sent, size - sent) < 0) return py::raised;
  return py::call_method(self, names._maybe_pause_protocol.get());
}

Ref<> write(State& state, Args args) noexcept {
  if (args.count() != 2 || args.keyword_count() != 0) return nullptr;
  PyObject *self = args[0], *data = args[1];
  const Names& names = state.names;
  const bool plain = PyBytes_Check(data) || PyByteArray_Check(data) || PyMemoryView_Check(data);
  const int fd = plain ? descriptor(self, names) : -1;
  if (fd < 0 || is_set(self, names._closing) || is_set(self, names._conn_lost)) return nullptr;
  Ref<> buffer = py::attribute(self, names._buffer.get());
  if (!buffer) return py::raised;
  Py_buffer view;
  if (!PyByteArray_CheckExact(buffer.get()) || buffer.get() == data) return nullptr;
  if (PyObject_GetBuffer(data, &view, PyBUF_SIMPLE) < 0) {
    py::ignore_error();
    return nullptr;
  }
  Ref<> written = view.len == 0 ? py::none() : write_bytes(self, names, buffer.get(), view, fd);
  PyBuffer_Release(&view);
  return written;
}

// Everything has been written.
Ref<> emptied(PyObject* self, const Names& names) noexcept {
  if (!tell_loop(self, names, names._remove_writer)) return py::raised;
  if (!py::call_method(self, names._maybe_resume_protocol.get())) return py::raised;
  if (!is_set(self, names._closing)) return py::none();
  if (!tell_loop(self, names, names._remove_reader)) return py::raised;
  return py::call_method(self, names._call_connection_lost.get(), Py_None);
}

Ref<> write_ready(State& state, Args args) noexcept {
  if (args.count() != 1 || args.keyword_count() != 0) return nullptr;
  PyObject* self = args[0];
  const Names& names = state.names;
  const int fd = descriptor(self, names);
  Ref<> buffer = py::attribute(self, names._buffer.get());
  if (!buffer) return py::raised;
  if (fd < 0 || !PyByteArray_CheckExact(buffer.get())) return nullptr;
  const Py_ssize_t size = PyByteArray_GET_SIZE(buffer.get());
  if (size == 0) return nullptr;
  Py_buffer view;
  if (PyObject_GetBuffer(buffer.get(), &view, PyBUF_SIMPLE) < 0) return py::raised;
  const net::Moved moved = write_now(fd, view);
  PyBuffer_Release(&view);
  if (moved.not_now()) return py::none();
  if (!moved.ok()) {
    if (PyByteArray_Resize(buffer.get(), 0) < 0) return py::raised;
    if (!tell_loop(self, names, names._remove_writer)) return py::raised;
    return write_failed(self, names, moved.error);
  }
  // The front goes without a copy.
  const auto count = static_cast<Py_ssize_t>(moved.count);
  if (PySequence_DelSlice(buffer.get(), 0, count) < 0) return py::raised;
  return count == size ? emptied(self, names) : py::none();
}

constexpr Implementation kFunctions[] = {{"_UnixReadPipeTransport._read_ready", read_ready},
                                         {"_UnixWritePipeTransport.write", write},
                                         {"_UnixWritePipeTransport._write_ready", write_ready}};

}  // namespace

std::span<const Implementation> pipe_functions() noexcept { return kFunctions; }

}  // namespace phaseloop
