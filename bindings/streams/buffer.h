// What a StreamReader has received and nobody has read yet.
//
// asyncio has a bytearray in this place, which is what those who look get (show()). As long as
// nobody looks the bytes are in one of two forms: the one bytes object that came, given on as it is
// where a read takes all of it; or, when more came than was read, a block of memory that is added
// to at its end and taken from at its front. Empty, it keeps no memory.
//
// Once it has been shown, the bytearray is where the bytes are, for whoever has it may change it,
// until nobody but the buffer has it (reclaim()). Anything may be put in its place, too: then only
// reclaim(), show(), replace() and release() are allowed until it is gone.
//
// Owner: the StreamReader; zeroed memory is an empty buffer. Thread: the loop's. Failure: -1 or an
// empty Ref with the error set, and nothing changed.
#pragma once

#include <cstddef>
#include <string_view>

#include "bindings/py/ref.h"

namespace phaseloop {

using py::Ref;

class StreamBuffer {
 public:
  // Takes back what nobody else has. False: something that is no plain bytearray stands in its
  // place.
  bool reclaim() noexcept { return !shown_ || reclaim_shown(); }

  // Until the next call of any other function. Nothing, of what is no bytearray.
  std::string_view view() const noexcept {
    if (shown_) [[unlikely]]
      return view_of_shown();
    return {begin_, size_};
  }
  std::size_t size() const noexcept { return view().size(); }
  bool empty() const noexcept { return size() == 0; }

  // BufferError: somebody has a view of the bytearray.
  int append(std::string_view data) noexcept;
  // The same of a bytes object, which is kept if there is nothing else.
  int append_bytes(PyObject* bytes) noexcept;
  // The first bytes. REQUIRES: there are as many.
  Ref<> take(std::size_t count) noexcept;
  Ref<> take_all() noexcept { return take(size()); }
  int discard(std::size_t count) noexcept;

  // The bytearray, or what was put in its place.
  Ref<> show() noexcept;
  void replace(Ref<> object) noexcept;
  // Empties it, if need be by letting go of the bytearray.
  void release() noexcept;

  // What the garbage collector sees.
  Ref<>& shown() noexcept { return shown_; }

 private:
  bool reclaim_shown() noexcept;
  std::string_view view_of_shown() const noexcept;
  int make_room(std::size_t more) noexcept;
  void forget() noexcept;

  const char* begin_;  // in `bytes_` or in `block_`
  std::size_t size_;
  Ref<> bytes_;
  char* block_;
  std::size_t capacity_;
  Ref<> shown_;
};

}  // namespace phaseloop
