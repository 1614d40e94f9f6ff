// A growing array of trivially copyable elements that reports want of memory instead of throwing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <type_traits>
#include <utility>

namespace phaseloop {

template <class T>
class PodVector {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  PodVector() noexcept = default;
  PodVector(const PodVector&) = delete;
  PodVector& operator=(const PodVector&) = delete;
  ~PodVector() { std::free(data_); }

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  T& operator[](std::size_t i) noexcept { return data_[i]; }
  const T& operator[](std::size_t i) const noexcept { return data_[i]; }

  // By value: what is pushed may be an element of this very array, which growing moves away.
  // False: out of memory, nothing changed.
  [[nodiscard]] bool push_back(T value) noexcept {
    if (size_ == capacity_ && !reserve(capacity_ == 0 ? kFirst : capacity_ * 2)) return false;
    data_[size_++] = value;
    return true;
  }
  [[nodiscard]] bool reserve(std::size_t capacity) noexcept {
    if (capacity <= capacity_) return true;
    if (capacity > SIZE_MAX / sizeof(T)) return false;
    void* grown = std::realloc(static_cast<void*>(data_), capacity * sizeof(T));
    if (grown == nullptr) return false;
    data_ = static_cast<T*>(grown);
    capacity_ = capacity;
    return true;
  }
  // New elements are `value`. False: out of memory, nothing changed.
  [[nodiscard]] bool grow_to(std::size_t size, T value) noexcept {
    if (size > capacity_ && !reserve(size > capacity_ * 2 ? size : capacity_ * 2)) return false;
    while (size_ < size) data_[size_++] = value;
    return true;
  }
  void truncate(std::size_t size) noexcept { size_ = size; }
  // Gives the memory back too, so that a burst is not paid for ever after.
  void clear() noexcept {
    std::free(std::exchange(data_, nullptr));
    size_ = capacity_ = 0;
  }

 private:
  static constexpr std::size_t kFirst = 16;
  T* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace phaseloop
