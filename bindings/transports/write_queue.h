// What a transport has been given to write and the system has not taken yet: immutable bytes
// objects in order, shared rather than copied.
//
// Owner: the transport. One chunk, the usual case, needs no memory of its own.
#pragma once

#include <sys/uio.h>

#include "bindings/py/ref.h"
#include "runtime/base/pod_vector.h"

namespace phaseloop {

class WriteQueue {
 public:
  WriteQueue() noexcept = default;
  WriteQueue(const WriteQueue&) = delete;
  WriteQueue& operator=(const WriteQueue&) = delete;
  ~WriteQueue() { clear(); }

  bool empty() const noexcept { return count() == 0; }
  std::size_t bytes() const noexcept { return bytes_; }
  std::size_t count() const noexcept {
    return static_cast<std::size_t>(first_ != nullptr) + more_.size() - taken_;
  }

  // A bytes object that is not empty. False: out of memory, nothing changed.
  [[nodiscard]] bool push(py::Ref<> chunk) noexcept {
    const auto size = static_cast<std::size_t>(PyBytes_GET_SIZE(chunk.get()));
    if (empty()) {
      first_ = chunk.release();
    } else {
      if (!more_.push_back(chunk.get())) return false;
      static_cast<void>(chunk.release());
    }
    bytes_ += size;
    return true;
  }

  // The front of the queue as the system wants it. Returns how many parts, at most `max`.
  std::size_t gather(iovec* parts, std::size_t max) const noexcept {
    std::size_t made = 0;
    if (first_ != nullptr && max > 0) parts[made++] = part(first_);
    for (std::size_t i = taken_; i < more_.size() && made < max; ++i)
      parts[made++] = part(more_[i]);
    if (made > 0) {
      parts[0].iov_base = static_cast<char*>(parts[0].iov_base) + sent_;
      parts[0].iov_len -= sent_;
    }
    return made;
  }

  // The first `count` bytes have been sent. Letting go of bytes objects runs no Python code.
  void consume(std::size_t count) noexcept {
    bytes_ -= count;
    count += sent_;
    sent_ = 0;
    while (count > 0) {
      PyObject*& front = first_ != nullptr ? first_ : more_[taken_];
      const auto size = static_cast<std::size_t>(PyBytes_GET_SIZE(front));
      if (count < size) {
        sent_ = count;
        return;
      }
      count -= size;
      py::Ref<> done = py::steal(std::exchange(front, nullptr));
      if (&front != &first_) ++taken_;
    }
    forget_taken();
  }

  void clear() noexcept {
    py::Ref<> first = py::steal(std::exchange(first_, nullptr));
    for (std::size_t i = taken_; i < more_.size(); ++i) py::Ref<> chunk = py::steal(more_[i]);
    more_.clear();
    bytes_ = sent_ = taken_ = 0;
  }

 private:
  static iovec part(PyObject* chunk) noexcept {
    return {PyBytes_AS_STRING(chunk), static_cast<std::size_t>(PyBytes_GET_SIZE(chunk))};
  }
  void forget_taken() noexcept {
    if (taken_ == 0 || taken_ < more_.size()) return;
    more_.clear();
    taken_ = 0;
  }

  PyObject* first_ = nullptr;  // owned, as those in more_ are
  PodVector<PyObject*> more_;
  std::size_t taken_ = 0;  // of more_
  std::size_t sent_ = 0;   // of the chunk at the front
  std::size_t bytes_ = 0;
};

}  // namespace phaseloop
