#include "bindings/streams/reader.h"

#include "bindings/core/core_type.h"
#include "bindings/objects/any_future.h"
#include "bindings/py/call.h"
#include "bindings/py/field.h"
#include "bindings/routine/function.h"
#include "bindings/streams/streams.h"

namespace phaseloop {
namespace {

using py::Args;

// What the methods call on the reader itself.
constexpr const char* kHooks[] = {"read",           "readline",       "readuntil",
                                  "readexactly",    "feed_data",      "feed_eof",
                                  "_wait_for_data", "_wakeup_waiter", "_maybe_resume_transport"};

int wake_up_waiter(State& state, ReaderCore& reader) noexcept {
  if (!is_set(reader.waiter)) return 0;
  Ref<> waiter = std::move(reader.waiter);
  const int cancelled = is_cancelled(state, waiter.get());
  if (cancelled != 0) return cancelled < 0 ? -1 : 0;
  return set_result(state, waiter.get(), Py_None);
}

// More is buffered than anybody should need.
int maybe_pause(State& state, ReaderCore& reader) noexcept {
  if (reader.paused || static_cast<long long>(reader.buffer.size()) <= 2 * reader.limit) return 0;
  if (!is_set(reader.transport)) return 0;
  Ref<> transport = reader.transport.share();
  if (py::call_method(transport.get(), state.names.pause_reading.get())) {
    reader.paused = true;
    return 0;
  }
  if (!py::consume_error(PyExc_NotImplementedError)) return -1;
  reader.transport = nullptr;  // everything has to be buffered: it is not asked again
  return 0;
}

// --- the methods ------------------------------------------------------------------------------

ReaderCore* self_of(State& state, Args args, Py_ssize_t count = 1) noexcept {
  if (args.count() != count || args.keyword_count() != 0) return nullptr;
  return plain_reader(state, args[0]);
}

int set_limit(PyObject* self, PyObject* value, void*) noexcept {
  if (value == nullptr) return py::no_deletion();
  // Twice of it has to be a number as well.
  constexpr long long kMax = PY_SSIZE_T_MAX / 4;
  int overflow = 0;
  const long long limit =
      PyLong_CheckExact(value) ? PyLong_AsLongLongAndOverflow(value, &overflow) : -1;
  const bool odd = overflow != 0 || limit < 0 || limit > kMax;
  reader_of(self).limit = odd ? ReaderCore::kNoNumber : limit;
  reader_of(self).odd_limit = odd ? py::borrow(value) : nullptr;
  return 0;
}

// The default of `limit` is asyncio's.
constexpr long long kDefaultLimit = 65536;

// On loops of ours that do not want to know who made it.
Ref<> call_init(State& state, Args args) noexcept {
  PyObject *self = nullptr, *limit = nullptr, *loop = nullptr;
  if (!py::fits({.function = "StreamReader", .positional_max = 3, .required = 1}, args,
                {{"self", &self}, {"limit", &limit}, {"loop", &loop}})) {
    return nullptr;
  }
  if (loop == nullptr || PyObject_TypeCheck(self, state.reader_core.get()) == 0) return nullptr;
  LoopData& data = loop_data(state, loop);
  if (!data.native() || data.debug) return nullptr;
  ReaderCore& reader = reader_of(self);
  reader.limit = kDefaultLimit;
  if (limit != nullptr) set_limit(self, limit, nullptr);
  if (reader.limit <= 0) return nullptr;  // refused, or for asyncio to judge
  reader.loop = py::borrow(loop);
  reader.buffer.release();
  reader.eof = reader.paused = false;
  for (Ref<>* field : {&reader.waiter, &reader.failure, &reader.transport}) *field = nullptr;
  return py::none();
}

Ref<> call_feed_data(State& state, Args args) noexcept {
  ReaderCore* reader = self_of(state, args, 2);
  if (reader == nullptr || reader->eof) return nullptr;
  PyObject* data = args[1];
  int fed;
  if (PyBytes_CheckExact(data)) {
    fed = feed(state, *reader,
               {PyBytes_AS_STRING(data), static_cast<std::size_t>(PyBytes_GET_SIZE(data))}, data);
  } else if (PyByteArray_CheckExact(data)) {
    if (data == reader->buffer.shown().get()) return nullptr;
    fed = feed(state, *reader,
               {PyByteArray_AS_STRING(data), static_cast<std::size_t>(PyByteArray_GET_SIZE(data))},
               nullptr);
  } else {
    return nullptr;
  }
  return fed < 0 ? Ref<>() : py::none();
}

Ref<> call_feed_eof(State& state, Args args) noexcept {
  ReaderCore* reader = self_of(state, args);
  if (reader == nullptr || feed_eof(state, *reader) < 0) return nullptr;
  return py::none();
}

Ref<> call_set_exception(State& state, Args args) noexcept {
  ReaderCore* reader = self_of(state, args, 2);
  if (reader == nullptr || fail(state, *reader, args[1]) < 0) return nullptr;
  return py::none();
}

Ref<> call_exception(State& state, Args args) noexcept {
  ReaderCore* reader = self_of(state, args);
  return reader != nullptr ? py::or_none(reader->failure.get()) : nullptr;
}

Ref<> call_at_eof(State& state, Args args) noexcept {
  ReaderCore* reader = self_of(state, args);
  return reader != nullptr ? py::boolean(reader->eof && reader->buffer.empty()) : nullptr;
}

Ref<> call_set_transport(State& state, Args args) noexcept {
  ReaderCore* reader = self_of(state, args, 2);
  if (reader == nullptr || is_set(reader->transport)) return nullptr;
  reader->transport = py::borrow(args[1]);
  return py::none();
}

Ref<> call_wakeup(State& state, Args args) noexcept {
  ReaderCore* reader = self_of(state, args);
  if (reader == nullptr || wake_up_waiter(state, *reader) < 0) return nullptr;
  return py::none();
}

Ref<> call_maybe_resume(State& state, Args args) noexcept {
  ReaderCore* reader = self_of(state, args);
  if (reader == nullptr || maybe_resume(state, *reader) < 0) return nullptr;
  return py::none();
}

constexpr Implementation kFunctions[] = {
    {"StreamReader.__init__", call_init},
    {"StreamReader.feed_data", call_feed_data},
    {"StreamReader.feed_eof", call_feed_eof},
    {"StreamReader.set_exception", call_set_exception},
    {"StreamReader.exception", call_exception},
    {"StreamReader.at_eof", call_at_eof},
    {"StreamReader.set_transport", call_set_transport},
    {"StreamReader._wakeup_waiter", call_wakeup},
    {"StreamReader._maybe_resume_transport", call_maybe_resume},
};

// --- private attributes ------------------------------------------------------------------------

PyObject* get_limit(PyObject* self, void*) noexcept {
  ReaderCore& reader = reader_of(self);
  return reader.odd_limit ? reader.odd_limit.share().release() : PyLong_FromLongLong(reader.limit);
}

PyObject* get_buffer(PyObject* self, void*) noexcept {
  return reader_of(self).buffer.show().release();
}
int set_buffer(PyObject* self, PyObject* value, void*) noexcept {
  if (value == nullptr) return py::no_deletion();
  reader_of(self).buffer.replace(py::borrow(value));
  return 0;
}

void dealloc(PyObject* self) noexcept {
  reader_of(self).buffer.release();
  py::Gc<ReaderCore>::dealloc(self);
}

}  // namespace

bool is_plain(State& state, ReaderCore& reader) noexcept {
  if (reader.shape == Shape::unknown) {
    PyObject* base = state.stream_reader_class.get();
    const bool plain =
        base != nullptr && overrides_nothing(Py_TYPE(object_of(reader)), base, kHooks);
    reader.shape = plain ? Shape::plain : Shape::custom;
  }
  return reader.shape == Shape::plain && reader.limit >= 0 && reader.loop &&
         reader.buffer.reclaim();
}

int feed(State& state, ReaderCore& reader, std::string_view data, PyObject* bytes) noexcept {
  if (data.empty()) return 0;
  Ref<> keep = py::borrow(object_of(reader));
  const int added =
      bytes != nullptr ? reader.buffer.append_bytes(bytes) : reader.buffer.append(data);
  if (added < 0 || wake_up_waiter(state, reader) < 0) return -1;
  return maybe_pause(state, reader);
}

int feed_eof(State& state, ReaderCore& reader) noexcept {
  reader.eof = true;
  return wake_up_waiter(state, reader);
}

int fail(State& state, ReaderCore& reader, PyObject* exception) noexcept {
  reader.failure = py::borrow(exception);
  if (!is_set(reader.waiter)) return 0;
  Ref<> waiter = std::move(reader.waiter);
  const int cancelled = is_cancelled(state, waiter.get());
  if (cancelled != 0) return cancelled < 0 ? -1 : 0;
  return set_exception(state, waiter.get(), exception);
}

py::Raised raise_stored(PyObject* exception) noexcept {
  if (PyExceptionInstance_Check(exception)) return py::raise_exception(exception);
  if (PyExceptionClass_Check(exception)) {
    PyErr_SetNone(exception);
    return py::raised;
  }
  return py::raise(PyExc_TypeError, "exceptions must derive from BaseException");
}

int resume(State& state, ReaderCore& reader) noexcept {
  reader.paused = false;
  Ref<> transport = py::or_none(reader.transport.get());
  return py::call_method(transport.get(), state.names.resume_reading.get()) ? 0 : -1;
}

int maybe_resume(State& state, ReaderCore& reader) noexcept {
  if (!reader.paused || static_cast<long long>(reader.buffer.size()) > reader.limit) return 0;
  return resume(state, reader);
}

std::span<const Implementation> reader_functions() noexcept { return kFunctions; }

Ref<PyTypeObject> new_reader_core(PyObject* module) noexcept {
  static PyGetSetDef fields[] = {py::object_field<&ReaderCore::loop>("_loop"),
                                 py::object_field<&ReaderCore::waiter>("_waiter"),
                                 py::object_field<&ReaderCore::failure>("_exception"),
                                 py::object_field<&ReaderCore::transport>("_transport"),
                                 {"_limit", get_limit, set_limit, nullptr, nullptr},
                                 {"_buffer", get_buffer, set_buffer, nullptr, nullptr},
                                 py::bool_field<&ReaderCore::eof>("_eof"),
                                 py::bool_field<&ReaderCore::paused>("_paused"),
                                 {}};
  return new_core_type<ReaderCore>(module, "phaseloop._native.StreamReaderCore", fields, dealloc);
}

}  // namespace phaseloop
