#include "bindings/streams/buffer.h"

#include <algorithm>
#include <cstring>

#include "bindings/py/error.h"

namespace phaseloop {
namespace {

Ref<> new_bytes(std::string_view data) noexcept {
  return py::steal(PyBytes_FromStringAndSize(data.data(), static_cast<Py_ssize_t>(data.size())));
}

// Nobody else can get at the object. On free-threaded builds nobody knows.
bool is_ours_alone([[maybe_unused]] PyObject* object) noexcept {
#ifdef Py_GIL_DISABLED
  return false;
#else
  return Py_REFCNT(object) == 1;
#endif
}

}  // namespace

// An empty buffer again, without its memory.
void StreamBuffer::forget() noexcept {
  Ref<> bytes = std::move(bytes_);
  char* block = std::exchange(block_, nullptr);
  begin_ = nullptr;
  size_ = capacity_ = 0;
  PyMem_Free(block);
}

void StreamBuffer::release() noexcept {
  Ref<> shown = std::move(shown_);
  forget();
}

bool StreamBuffer::reclaim_shown() noexcept {
  if (!PyByteArray_CheckExact(shown_.get())) return false;
  if (!is_ours_alone(shown_.get())) return true;
  if (size() != 0) {
    Ref<> bytes = new_bytes(view());
    if (!bytes) {
      py::ignore_error();  // no memory for that: it stays shown, which serves as well
      return true;
    }
    begin_ = PyBytes_AS_STRING(bytes.get());
    size_ = static_cast<std::size_t>(PyBytes_GET_SIZE(bytes.get()));
    bytes_ = std::move(bytes);
  }
  shown_ = nullptr;
  return true;
}

std::string_view StreamBuffer::view_of_shown() const noexcept {
  PyObject* shown = shown_.get();
  if (PyByteArray_Check(shown) == 0) return {};
  return {PyByteArray_AS_STRING(shown), static_cast<std::size_t>(PyByteArray_GET_SIZE(shown))};
}

// A block with room for `more` bytes behind those that there are.
int StreamBuffer::make_room(std::size_t more) noexcept {
  const std::size_t wanted = size_ + more;
  if (block_ != nullptr) {
    if (static_cast<std::size_t>(begin_ - block_) + wanted <= capacity_) return 0;
    if (wanted <= capacity_ / 2) {  // moved at most once for each byte that came
      std::memmove(block_, begin_, size_);
      begin_ = block_;
      return 0;
    }
  }
  const std::size_t capacity = std::max<std::size_t>(wanted * 2, 1024);
  auto* block = static_cast<char*>(PyMem_Malloc(capacity));
  if (block == nullptr) {
    PyErr_NoMemory();
    return -1;
  }
  const std::size_t size = size_;
  if (size != 0) std::memcpy(block, begin_, size);
  forget();
  begin_ = block_ = block;
  size_ = size;
  capacity_ = capacity;
  return 0;
}

int StreamBuffer::append(std::string_view data) noexcept {
  if (shown_) {
    const Py_ssize_t old = PyByteArray_GET_SIZE(shown_.get());
    const auto more = static_cast<Py_ssize_t>(data.size());
    if (PyByteArray_Resize(shown_.get(), old + more) < 0) return -1;
    std::memcpy(PyByteArray_AS_STRING(shown_.get()) + old, data.data(), data.size());
    return 0;
  }
  if (size_ == 0) {
    Ref<> bytes = new_bytes(data);
    return bytes ? append_bytes(bytes.get()) : -1;
  }
  if (make_room(data.size()) < 0) return -1;
  std::memcpy(block_ + (begin_ - block_) + size_, data.data(), data.size());
  size_ += data.size();
  return 0;
}

int StreamBuffer::append_bytes(PyObject* bytes) noexcept {
  const std::string_view data{PyBytes_AS_STRING(bytes),
                              static_cast<std::size_t>(PyBytes_GET_SIZE(bytes))};
  if (shown_ || size_ != 0) return append(data);
  begin_ = data.data();
  size_ = data.size();
  bytes_ = py::borrow(bytes);
  return 0;
}

Ref<> StreamBuffer::take(std::size_t count) noexcept {
  if (!shown_ && count == size_ && bytes_ &&
      static_cast<Py_ssize_t>(count) == PyBytes_GET_SIZE(bytes_.get())) {
    begin_ = nullptr;
    size_ = 0;
    return std::move(bytes_);
  }
  Ref<> taken = new_bytes(view().substr(0, count));
  if (!taken || discard(count) < 0) return py::raised;
  return taken;
}

int StreamBuffer::discard(std::size_t count) noexcept {
  if (shown_) {
    if (count == 0) return 0;
    return PySequence_DelSlice(shown_.get(), 0, static_cast<Py_ssize_t>(count));
  }
  begin_ += count;
  size_ -= count;
  if (size_ == 0) forget();
  return 0;
}

Ref<> StreamBuffer::show() noexcept {
  if (!shown_) {
    shown_ = py::steal(PyByteArray_FromStringAndSize(begin_, static_cast<Py_ssize_t>(size_)));
    if (!shown_) return py::raised;
    forget();
  }
  return shown_.share();
}

void StreamBuffer::replace(Ref<> object) noexcept {
  Ref<> old = std::move(shown_);
  forget();
  shown_ = std::move(object);
}

}  // namespace phaseloop
