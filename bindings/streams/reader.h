// StreamReader's native part, for those that feed it and read from it.
//
// Thread: the loop's. Errors are those of asyncio's methods of the same names.
#pragma once

#include "bindings/core/loop_data.h"
#include "bindings/streams/buffer.h"

namespace phaseloop {

// Whether the class of an object leaves the methods that the native ones rely on as they are.
// Found out at the first call.
enum class Shape : unsigned char { unknown, custom, plain };

struct ReaderCore {
  PyObject_HEAD
  Ref<> loop;
  Ref<> waiter;  // while somebody waits for data
  Ref<> failure;
  Ref<> transport;
  Ref<> odd_limit;  // one that is no plain number
  StreamBuffer buffer;
  long long limit;  // or kNoNumber
  bool eof, paused;
  Shape shape;

  static constexpr long long kNoNumber = -1;

  auto refs() { return std::tie(loop, waiter, failure, transport, odd_limit, buffer.shown()); }
};

inline ReaderCore& reader_of(PyObject* self) noexcept {
  return *reinterpret_cast<ReaderCore*>(self);
}
inline PyObject* object_of(ReaderCore& reader) noexcept {
  return reinterpret_cast<PyObject*>(&reader);
}

inline bool is_set(const Ref<>& field) noexcept { return field && field.get() != Py_None; }

// Everything about it is as asyncio leaves it; the buffer may be used. False: asyncio's own methods
// are the ones to run, on the same attributes. Looks again whenever it is asked.
bool is_plain(State& state, ReaderCore& reader) noexcept;

// The reader behind `self` if it is plain, else null.
inline ReaderCore* plain_reader(State& state, PyObject* self) noexcept {
  if (PyObject_TypeCheck(self, state.reader_core.get()) == 0) return nullptr;
  return is_plain(state, reader_of(self)) ? &reader_of(self) : nullptr;
}

// feed_data() and feed_eof() of a plain reader. `bytes`: the data as an object, or null. 0 or -1.
// REQUIRES of feed: not at its end.
int feed(State& state, ReaderCore& reader, std::string_view data, PyObject* bytes) noexcept;
int feed_eof(State& state, ReaderCore& reader) noexcept;
int fail(State& state, ReaderCore& reader, PyObject* exception) noexcept;

// `raise exception`, whatever set_exception() was given.
py::Raised raise_stored(PyObject* exception) noexcept;

// Resumes the transport if it is paused and what is left is within the limit. 0 or -1.
int maybe_resume(State& state, ReaderCore& reader) noexcept;
int resume(State& state, ReaderCore& reader) noexcept;

}  // namespace phaseloop
