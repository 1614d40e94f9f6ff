// Deadlines and the work due at them.
//
// Order: by deadline, ties in the order they were armed. Arming is O(log n), disarming O(1).
// Thread: the loop's. Knows nothing about clocks: the loop tells it what time it is.
//
// The heap holds the keys themselves, 16 bytes each and four children to a node (one cache line),
// and names timers by slot: moving a key writes to no timer, so a heap of a million sleepers stays
// out of their memory. A disarmed key is left where it is with an empty slot and falls out at the
// top, or all at once when such keys are the majority.
#pragma once

#include <cstdint>
#include <optional>

#include "runtime/base/clock.h"
#include "runtime/base/pod_vector.h"
#include "runtime/base/ready_queue.h"
#include "runtime/base/runnable.h"

namespace phaseloop {

// Work with a deadline. Armed stands for one share in the owner, as being linked does; when the
// deadline passes the share moves on with it into the ready queue.
class Timer : public Runnable {
 public:
  explicit constexpr Timer(const Kind& kind) noexcept : Runnable(kind) {}
  bool armed() const noexcept { return slot_ != kUnarmed; }
  // REQUIRES: armed(). Tells this arming from the ones before and after it, until so many timers
  // have been armed and disarmed that the heap has been swept.
  std::uint32_t arming() const noexcept { return slot_; }

 private:
  friend class TimerHeap;
  static constexpr std::uint32_t kUnarmed = UINT32_MAX;
  std::uint32_t slot_ = kUnarmed;
};

class TimerHeap {
 public:
  // REQUIRES: !timer.armed() && !timer.linked(). False: out of memory, nothing changed.
  [[nodiscard]] bool arm(Timer& timer, Instant deadline) noexcept;
  // REQUIRES: timer.armed(). The caller has the timer's share back.
  void disarm(Timer& timer) noexcept;

  // No timer is armed.
  bool empty() const noexcept { return keys_.size() == dead_; }
  // The earliest deadline, if any timer is armed.
  std::optional<Instant> next_deadline() noexcept;
  // Moves every timer due at `now` to `ready`, in firing order. Runs nothing.
  void expire(Instant now, ReadyQueue& ready) noexcept;
  // Drops every armed timer.
  void drop_all() noexcept;

  // In no particular order. `visit` must not arm or disarm.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      if (Timer* timer = slots_[keys_[i].slot].timer) visit(*timer);
    }
  }
  // The same, with when each is due.
  template <class Visit>
  void for_each_with_deadline(Visit&& visit) const {
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      Timer* timer = slots_[keys_[i].slot].timer;
      if (timer != nullptr) visit(*timer, Instant(Duration(keys_[i].deadline)));
    }
  }

 private:
  struct Key {
    std::int64_t deadline;
    std::uint32_t order;
    std::uint32_t slot;
  };
  union Slot {
    Timer* timer;             // in use; null: disarmed, its key is still in the heap
    std::uint64_t next_free;  // in the free list
  };
  static constexpr std::uint32_t kNone = UINT32_MAX;

  static bool before(const Key& a, const Key& b) noexcept;
  void up(std::size_t i) noexcept;
  void down(std::size_t i) noexcept;
  void pop_top() noexcept;
  void drop_dead_tops() noexcept;
  void sweep() noexcept;
  void free_slot(std::uint32_t slot) noexcept;

  PodVector<Key> keys_;
  PodVector<Slot> slots_;
  std::size_t dead_ = 0;  // keys whose slot is empty
  std::uint32_t free_ = kNone;
  std::uint32_t order_ = 0;
};

}  // namespace phaseloop
