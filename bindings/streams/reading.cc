// StreamReader's coroutines: read(), readexactly(), readuntil(), readline(), iteration.
//
// All are one body, which attempts what it is asked for whenever there may be enough, and waits in
// between. An attempt runs to its end without a break, so it may look into the buffer as it likes.
#include <algorithm>
#include <utility>

#include "bindings/objects/any_future.h"
#include "bindings/py/call.h"
#include "bindings/py/version.h"
#include "bindings/routine/routine.h"
#include "bindings/streams/reader.h"
#include "bindings/streams/streams.h"

namespace phaseloop {
namespace {

using py::Args;

enum class Attempt { ended, wait };

// What is asked for. `ended`: with a result, or with an error set if there is none.
struct Request {
  Attempt (*attempt)(Routine& self, ReaderCore& reader, Request& request, Ref<>& result) noexcept;
  Place place;         // where asyncio's waits
  const char* method;  // by which asyncio's own is started again
  const char* waiter;  // who is said to wait
  Py_ssize_t count = 0;
  std::size_t offset = 0;  // up to which there is no separator
  bool begun = false;
  bool by_line = false;  // readline(): asyncio's exceptions end here
  bool iterates = false;
};

#define PHASELOOP_WAITS "StreamReader._wait_for_data@0"
constexpr Place kReads = "StreamReader.read@0 StreamReader.read@1 " PHASELOOP_WAITS,
                kReadsSome = "StreamReader.read@1 " PHASELOOP_WAITS,
                kReadsExactly = "StreamReader.readexactly@0 " PHASELOOP_WAITS,
                kReadsUntil = "StreamReader.readuntil@0 " PHASELOOP_WAITS,
                kReadsLine = "StreamReader.readline@0 StreamReader.readuntil@0 " PHASELOOP_WAITS,
                kIterates =
                    "StreamReader.__anext__@0 StreamReader.readline@0 "
                    "StreamReader.readuntil@0 " PHASELOOP_WAITS;
#undef PHASELOOP_WAITS

// readline() itself, without the readuntil() that it awaits.
constexpr Place kReadsLineItself = "StreamReader.readline@0",
                kIteratesItself = "StreamReader.__anext__@0 StreamReader.readline@0";

constexpr int kSeparator = 1;  // keep[]: what readuntil() looks for; what read() has collected

// --- errors -----------------------------------------------------------------------------------

py::Raised raise_incomplete(State& state, Ref<> partial, Ref<> expected) noexcept {
  PyObject* type = state.incomplete_read_error.get();
  if (!partial || !expected) return py::raised;
  Ref<> error = py::call(type, partial.get(), expected.get());
  return error ? py::raise_exception(error.get()) : py::raised;
}

// readline()'s answer to a LimitOverrunError: the line goes, if its end is known, else everything.
py::Raised raise_too_long(Routine& self, ReaderCore& reader, const Request& request, Ref<> overrun,
                          std::size_t consumed, PyObject* message) noexcept {
  const std::string_view data = reader.buffer.view();
  const bool ends = consumed < data.size() && data[consumed] == '\n';
  if (reader.buffer.discard(ends ? consumed + 1 : data.size()) < 0) return py::raised;
  py::HandlingScope handling(overrun.get());
  if (maybe_resume(*self.state, reader) < 0) return py::raised;
  PyErr_SetObject(PyExc_ValueError, message);
  return raised_at(self, request.iterates ? kIteratesItself : kReadsLineItself);
}

struct Overrun {
  const char* text;
  const char* statement;  // asyncio's that raises it, of the two
};
constexpr Overrun kFoundTooLate{"Separator is found, but chunk is longer than limit",
                                "LimitOverrunError:1"},
    kNotFound{"Separator is not found, and chunk exceed the limit", "LimitOverrunError:0"};

py::Raised raise_overrun(Routine& self, ReaderCore& reader, const Request& request,
                         const Overrun& overrun, std::size_t consumed) noexcept {
  Ref<> message = py::steal(PyUnicode_FromString(overrun.text));
  Ref<> number = py::steal(PyLong_FromSize_t(consumed));
  if (!message || !number) return py::raised;
  Ref<> error = py::call(self.state->limit_overrun_error.get(), message.get(), number.get());
  if (!error) return py::raised;
  py::raise_exception(error.get());
  raised_at(self, request.by_line ? kReadsLine : request.place, overrun.statement);
  if (!request.by_line) return py::raised;
  return raise_too_long(self, reader, request, py::fetch_error(), consumed, message.get());
}

// What the connection was lost with. `place`: see raised_at().
Attempt raise_failure(Routine& self, ReaderCore& reader, Place place) noexcept {
  raise_stored(reader.failure.get());
  raised_at(self, place, "_exception");
  return Attempt::ended;
}

// --- attempts ---------------------------------------------------------------------------------

// The first bytes, and the transport goes on if it may.
Ref<> take(State& state, ReaderCore& reader, std::size_t count) noexcept {
  Ref<> taken = reader.buffer.take(count);
  if (!taken || maybe_resume(state, reader) < 0) return py::raised;
  return taken;
}

Ref<> no_bytes() noexcept { return py::steal(PyBytes_FromStringAndSize(nullptr, 0)); }

// read(n), n not negative: waits once at most.
Attempt attempt_some(Routine& self, ReaderCore& reader, Request& request, Ref<>& result) noexcept {
  const std::size_t size = reader.buffer.size();
  if (!std::exchange(request.begun, true)) {
    if (is_set(reader.failure)) return raise_failure(self, reader, request.place);
    if (request.count == 0) return result = no_bytes(), Attempt::ended;
    if (size == 0 && !reader.eof) return Attempt::wait;
  }
  result = take(*self.state, reader, std::min(size, static_cast<std::size_t>(request.count)));
  return Attempt::ended;
}

// A block of read(-1), as read(limit) would give it, goes to what has been collected. 1: there may
// be more; 0: it was the last; -1: error.
int collect_block(Routine& self, ReaderCore& reader) noexcept {
  const std::size_t count = std::min(reader.buffer.size(), static_cast<std::size_t>(reader.limit));
  PyObject* all = self.keep[kSeparator].get();
  const Py_ssize_t old = PyByteArray_GET_SIZE(all);
  if (PyByteArray_Resize(all, old + static_cast<Py_ssize_t>(count)) < 0) return -1;
  std::copy_n(reader.buffer.view().data(), count, PyByteArray_AS_STRING(all) + old);
  if (reader.buffer.discard(count) < 0 || maybe_resume(*self.state, reader) < 0) return -1;
  return count != 0 ? 1 : 0;
}

// read(-1).
Attempt attempt_all(Routine& self, ReaderCore& reader, Request& request, Ref<>& result) noexcept {
  Ref<>& all = self.keep[kSeparator];
  const bool first = !all;
  if (!all) all = py::steal(PyByteArray_FromStringAndSize(nullptr, 0));
  if (!all) return Attempt::ended;
  // `begun`: the block of this turn has been waited for.
  for (int more = 1; more > 0;) {
    if (!std::exchange(request.begun, false)) {
      if (is_set(reader.failure)) {
        return raise_failure(self, reader, first ? kReadsSome : request.place);
      }
      if (reader.buffer.empty() && !reader.eof && reader.limit > 0) {
        request.begun = true;
        return Attempt::wait;
      }
    }
    more = collect_block(self, reader);
  }
  if (PyErr_Occurred() != nullptr) return Attempt::ended;
  result = py::steal(
      PyBytes_FromStringAndSize(PyByteArray_AS_STRING(all.get()), PyByteArray_GET_SIZE(all.get())));
  return Attempt::ended;
}

Attempt attempt_exactly(Routine& self, ReaderCore& reader, Request& request,
                        Ref<>& result) noexcept {
  State& state = *self.state;
  if (!std::exchange(request.begun, true)) {
    if (request.count < 0) {
      return py::raise(PyExc_ValueError, "readexactly size can not be less than zero"),
             Attempt::ended;
    }
    if (is_set(reader.failure)) return raise_failure(self, reader, request.place);
    if (request.count == 0) return result = no_bytes(), Attempt::ended;
  }
  const auto wanted = static_cast<std::size_t>(request.count);
  if (reader.buffer.size() >= wanted) {
    result = take(state, reader, wanted);
  } else if (reader.eof) {
    raise_incomplete(state, reader.buffer.take_all(), py::steal(PyLong_FromSize_t(wanted)));
  } else {
    return Attempt::wait;
  }
  return Attempt::ended;
}

// --- separators -------------------------------------------------------------------------------

std::string_view text_of(PyObject* bytes) noexcept {
  return {PyBytes_AS_STRING(bytes), static_cast<std::size_t>(PyBytes_GET_SIZE(bytes))};
}

// One bytes object, or a tuple of them in the order of their lengths.
class Separators {
 public:
  explicit Separators(PyObject* object) noexcept
      : object_(object), is_tuple_(PyTuple_CheckExact(object)) {}
  Py_ssize_t count() const noexcept { return is_tuple_ ? PyTuple_GET_SIZE(object_) : 1; }
  std::string_view operator[](Py_ssize_t i) const noexcept {
    return text_of(is_tuple_ ? PyTuple_GET_ITEM(object_, i) : object_);
  }
  std::size_t shortest() const noexcept { return (*this)[0].size(); }
  std::size_t longest() const noexcept { return (*this)[count() - 1].size(); }

 private:
  PyObject* object_;
  bool is_tuple_;
};

// The tuple in the order of lengths; of the same length, as they were.
Ref<> sorted_separators(PyObject* tuple) noexcept {
  const Py_ssize_t count = PyTuple_GET_SIZE(tuple);
  Ref<> list = py::steal(PySequence_List(tuple));
  if (!list) return py::raised;
  PyObject** items = reinterpret_cast<PyListObject*>(list.get())->ob_item;
  std::stable_sort(items, items + count, [](PyObject* a, PyObject* b) {
    return PyBytes_GET_SIZE(a) < PyBytes_GET_SIZE(b);
  });
  return py::steal(PyList_AsTuple(list.get()));
}

struct Match {
  std::size_t start, end;
};

// Of the separators found at or behind `offset`, the one that ends first.
bool find_first(std::string_view data, const Separators& separators, std::size_t offset,
                Match& match) noexcept {
  bool found = false;
  for (Py_ssize_t i = 0; i < separators.count(); ++i) {
    const std::string_view separator = separators[i];
    const std::size_t start = data.find(separator, offset);
    if (start == std::string_view::npos) continue;
    if (found && start + separator.size() >= match.end) continue;
    match = {start, start + separator.size()};
    found = true;
  }
  return found;
}

int begin_until(Routine& self, ReaderCore& reader, Place place) noexcept {
  Ref<>& kept = self.keep[kSeparator];
  if (PyTuple_CheckExact(kept.get())) {
    kept = sorted_separators(kept.get());
    if (!kept) return -1;
    if (PyTuple_GET_SIZE(kept.get()) == 0) {
      return py::raise(PyExc_ValueError, "Separator should contain at least one element");
    }
  }
  if (Separators(kept.get()).shortest() == 0) {
    return py::raise(PyExc_ValueError, "Separator should be at least one-byte string");
  }
  if (!is_set(reader.failure)) return 0;
  raise_failure(self, reader, place);
  return -1;
}

Attempt attempt_until(Routine& self, ReaderCore& reader, Request& request, Ref<>& result) noexcept {
  State& state = *self.state;
  if (!std::exchange(request.begun, true) && begin_until(self, reader, request.place) < 0)
    return Attempt::ended;
  const Separators separators(self.keep[kSeparator].get());
  const std::string_view data = reader.buffer.view();
  const auto limit = static_cast<std::size_t>(reader.limit);
  if (data.size() >= request.offset + separators.shortest()) {
    Match match{};
    if (find_first(data, separators, request.offset, match)) {
      if (match.start <= limit) {
        result = take(state, reader, match.end);
      } else {
        raise_overrun(self, reader, request, kFoundTooLate, match.start);
      }
      return Attempt::ended;
    }
    // What remains may be the beginning of a separator.
    request.offset = data.size() + 1 - std::min(separators.longest(), data.size() + 1);
    if (request.offset > limit) {
      raise_overrun(self, reader, request, kNotFound, request.offset);
      return Attempt::ended;
    }
  }
  if (!reader.eof) return Attempt::wait;
  Ref<> rest = reader.buffer.take_all();
  if (request.by_line) return result = std::move(rest), Attempt::ended;
  raise_incomplete(state, std::move(rest), py::none());
  return Attempt::ended;
}

// --- the body ---------------------------------------------------------------------------------

// A future that data, the end or an error will finish. Empty: an error is set.
Ref<> begin_waiting(State& state, ReaderCore& reader, const Request& request) noexcept {
  if (is_set(reader.waiter)) {
    return py::raise(PyExc_RuntimeError,
                     "%s() called while another coroutine is already waiting for incoming data",
                     request.waiter);
  }
  // Who waits for more than the limit would wait forever.
  if (reader.paused && resume(state, reader) < 0) return py::raised;
  Ref<> future = create_future(state, reader.loop.get());
  if (future) reader.waiter = future.share();
  return future;
}

// The reader is no longer as asyncio leaves it: its own method has to go on.
Ref<> begin_stock(Routine& self, const Request& request) noexcept {
  PyObject* owner = self.owner.get();
  PyObject* kept = self.keep[kSeparator].get();
  if (request.by_line) return py::steal(PyObject_CallMethod(owner, request.method, nullptr));
  if (request.attempt == attempt_until) {
    return py::steal(PyObject_CallMethod(owner, request.method, "(O)", kept));
  }
  return py::steal(PyObject_CallMethod(owner, request.method, "n", request.count));
}
// What it came to, behind what has been collected.
Ref<> end_stock(Routine& self, const Request& request) noexcept {
  PyObject* collected = self.keep[kSeparator].get();
  if (request.attempt != attempt_all || collected == nullptr) return std::move(self.result);
  Ref<> all = py::steal(PySequence_Concat(collected, self.result.get()));
  return all ? py::steal(PyBytes_FromObject(all.get())) : py::raised;
}

Ref<> end_iteration(Ref<> line) noexcept {
  if (!line || PyObject_Size(line.get()) != 0) return line;
  PyErr_SetNone(PyExc_StopAsyncIteration);
  return py::raised;
}

Body reading(Call&, ReaderCore& reader, Request request) {
  Routine& self = co_await this_routine;
  State& state = *self.state;
  Ref<> result;
  for (;;) {
    if (!is_plain(state, reader)) {
      self.keep[0] = begin_stock(self, request);
      if (!self.keep[0] || !co_await await_stock(self, self.keep[0].get())) co_return py::raised;
      result = end_stock(self, request);
      break;
    }
    if (request.attempt(self, reader, request, result) == Attempt::ended) break;
    self.keep[0] = begin_waiting(state, reader, request);
    if (!self.keep[0]) co_return py::raised;
    const bool woken = co_await await_on(self, self.keep[0].get());
    reader.waiter = nullptr;
    if (!woken) co_return py::raised;
  }
  co_return request.iterates ? end_iteration(std::move(result)) : std::move(result);
}

// --- the methods ------------------------------------------------------------------------------

// The reader of a call with one argument at most, by position or by name.
ReaderCore* self_of(State& state, Args args, const char* name, PyObject*& value) noexcept {
  if (args.keyword_count() != 0) {
    PyObject* self = nullptr;
    if (!py::fits({.function = name, .positional_max = 2, .required = 1}, args,
                  {{"self", &self}, {name, &value}})) {
      return nullptr;
    }
    return plain_reader(state, self);
  }
  if (args.count() < 1 || args.count() > 2) return nullptr;
  if (args.count() == 2) value = args[1];
  return plain_reader(state, args[0]);
}

// False: for asyncio to judge.
bool as_count(PyObject* number, Py_ssize_t& count) noexcept {
  if (!PyLong_CheckExact(number)) return false;
  count = PyLong_AsSsize_t(number);
  if (count != -1 || PyErr_Occurred() == nullptr) return true;
  py::ignore_error();  // too large a number: no buffer holds as much
  return false;
}

Ref<> begin(State& state, ReaderCore& reader, const Request& request,
            PyObject* separator) noexcept {
  Call call{state, request.place, object_of(reader)};
  Ref<> made = reading(call, reader, request).object;
  if (made && separator != nullptr) call.made->keep[kSeparator] = py::borrow(separator);
  return made;
}

Ref<> call_read(State& state, Args args) noexcept {
  PyObject* n = nullptr;
  ReaderCore* reader = self_of(state, args, "n", n);
  if (reader == nullptr) return nullptr;
  Request request{attempt_all, kReads, "read", "read", -1};
  if (n != nullptr && !as_count(n, request.count)) return nullptr;
  if (request.count >= 0) {
    request.attempt = attempt_some;
    request.place = kReadsSome;
  }
  return begin(state, *reader, request, nullptr);
}

Ref<> call_readexactly(State& state, Args args) noexcept {
  PyObject* n = nullptr;
  ReaderCore* reader = self_of(state, args, "n", n);
  Request request{attempt_exactly, kReadsExactly, "readexactly", "readexactly"};
  if (reader == nullptr || n == nullptr || !as_count(n, request.count)) return nullptr;
  return begin(state, *reader, request, nullptr);
}

bool is_separator(PyObject* object) noexcept {
  if (PyBytes_CheckExact(object)) return true;
  if (!version::kReadUntilTakesTuples || !PyTuple_CheckExact(object)) return false;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(object); ++i) {
    if (!PyBytes_CheckExact(PyTuple_GET_ITEM(object, i))) return false;
  }
  return true;
}

Ref<> call_readuntil(State& state, Args args) noexcept {
  PyObject* separator = state.newline.get();
  ReaderCore* reader = self_of(state, args, "separator", separator);
  if (reader == nullptr || !is_separator(separator)) return nullptr;
  return begin(state, *reader, {attempt_until, kReadsUntil, "readuntil", "readuntil"}, separator);
}

Ref<> by_line(State& state, Args args, bool iterates) noexcept {
  if (args.count() != 1 || args.keyword_count() != 0) return nullptr;
  ReaderCore* reader = plain_reader(state, args[0]);
  if (reader == nullptr) return nullptr;
  Request request{attempt_until, iterates ? kIterates : kReadsLine, "readline", "readuntil"};
  request.by_line = true;
  request.iterates = iterates;
  return begin(state, *reader, request, state.newline.get());
}
Ref<> call_readline(State& state, Args args) noexcept { return by_line(state, args, false); }
Ref<> call_anext(State& state, Args args) noexcept { return by_line(state, args, true); }

constexpr Implementation kFunctions[] = {
    {"StreamReader.read", call_read},           {"StreamReader.readexactly", call_readexactly},
    {"StreamReader.readuntil", call_readuntil}, {"StreamReader.readline", call_readline},
    {"StreamReader.__anext__", call_anext},
};

}  // namespace

std::span<const Implementation> reading_functions() noexcept { return kFunctions; }

}  // namespace phaseloop
