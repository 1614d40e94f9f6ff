// What belongs to each descriptor: a map from descriptor numbers to pointers.
//
// An array indexed by the number would be simpler, but a number may be anything below 2^31 (dup2(),
// or a fileno() of the user's own) and must not make room for all below it. So this is a hash table
// whose hash is the number itself: the small, dense numbers that the system gives out lie side by
// side without collisions, and a look-up costs about what one in an array would.
//
// Owner: whoever embeds it; it owns no value. Thread: one at a time. Failure: reserve() alone can
// fail. A number that was used once keeps its place until the table grows.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdlib>
#include <utility>

namespace phaseloop {

template <class T>
class FdTable {
 public:
  FdTable() noexcept = default;
  FdTable(const FdTable&) = delete;
  FdTable& operator=(const FdTable&) = delete;
  ~FdTable() { std::free(slots_); }

  // Null: nothing belongs to it. Any number.
  T* find(int fd) const noexcept {
    if (fd < 0 || slots_ == nullptr) return nullptr;
    const Slot& slot = slots_[place_of(fd)];
    return slot.fd == fd ? slot.value : nullptr;
  }

  // Makes room for one number, so that set() cannot fail. False: out of memory, nothing changed.
  // REQUIRES: fd >= 0
  [[nodiscard]] bool reserve(int fd) noexcept {
    assert(fd >= 0);
    if (slots_ != nullptr && slots_[place_of(fd)].fd == fd) return true;
    // At most half full, so that a search soon meets an empty place.
    if ((used_ + 1) * 2 > capacity_ && !grow()) return false;
    Slot& slot = slots_[place_of(fd)];
    slot.fd = fd;
    ++used_;
    return true;
  }

  // REQUIRES: reserve(fd) has succeeded, or value is null.
  void set(int fd, T* value) noexcept {
    if (fd < 0 || slots_ == nullptr) return;
    Slot& slot = slots_[place_of(fd)];
    assert(slot.fd == fd || value == nullptr);
    if (slot.fd == fd) slot.value = value;
  }

  // Everything that is not null. `visit` must not change the table.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (std::size_t i = 0; i < capacity_; ++i) {
      if (slots_[i].value != nullptr) visit(*slots_[i].value);
    }
  }

  // The number of each that is not null. `visit` must not change the table.
  template <class Visit>
  void for_each_number(Visit&& visit) const {
    for (std::size_t i = 0; i < capacity_; ++i) {
      if (slots_[i].value != nullptr) visit(slots_[i].fd);
    }
  }

  void clear() noexcept {
    std::free(std::exchange(slots_, nullptr));
    capacity_ = used_ = 0;
  }
  void swap(FdTable& other) noexcept {
    std::swap(slots_, other.slots_);
    std::swap(capacity_, other.capacity_);
    std::swap(used_, other.used_);
  }

 private:
  static constexpr std::size_t kFirst = 64;
  static constexpr int kEmpty = -1;
  struct Slot {
    int fd;
    T* value;
  };

  // Where the number is, or would be put. REQUIRES: slots_ is there; some place is empty.
  std::size_t place_of(int fd) const noexcept {
    std::size_t at = static_cast<std::size_t>(fd) & (capacity_ - 1);
    while (slots_[at].fd != fd && slots_[at].fd != kEmpty) at = (at + 1) & (capacity_ - 1);
    return at;
  }

  // Numbers without a value are left behind.
  bool grow() noexcept {
    std::size_t live = 0;
    for_each([&](T&) { ++live; });
    std::size_t capacity = kFirst;
    while (capacity < (live + 1) * 4) capacity *= 2;
    auto* slots = static_cast<Slot*>(std::malloc(capacity * sizeof(Slot)));
    if (slots == nullptr) return false;
    for (std::size_t i = 0; i < capacity; ++i) slots[i] = {kEmpty, nullptr};
    FdTable former;
    swap(former);
    slots_ = slots;
    capacity_ = capacity;
    for (std::size_t i = 0; i < former.capacity_; ++i) {
      if (former.slots_[i].value == nullptr) continue;
      slots_[place_of(former.slots_[i].fd)] = former.slots_[i];
      ++used_;
    }
    return true;
  }

  Slot* slots_ = nullptr;
  std::size_t capacity_ = 0;  // a power of two, or 0
  std::size_t used_ = 0;      // numbers that have a place
};

}  // namespace phaseloop
