#include "runtime/loop/timer_heap.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace phaseloop {
namespace {

constexpr std::size_t kArity = 4;
// Below this many disarmed keys a sweep is not worth its pass.
constexpr std::size_t kDeadKept = 64;

}  // namespace

// Orders wrap around: two timers of equal deadline are never 2^31 arms apart in practice, and if
// they were, only their order among themselves would suffer.
bool TimerHeap::before(const Key& a, const Key& b) noexcept {
  if (a.deadline != b.deadline) return a.deadline < b.deadline;
  return static_cast<std::int32_t>(a.order - b.order) < 0;
}

bool TimerHeap::arm(Timer& timer, Instant deadline) noexcept {
  assert(!timer.armed() && !timer.linked());
  if (free_ == kNone) {
    if (slots_.size() >= kNone) return false;
    if (!slots_.push_back(Slot{.next_free = kNone})) return false;
    free_ = static_cast<std::uint32_t>(slots_.size() - 1);
  }
  const std::uint32_t slot = free_;
  if (!keys_.push_back(Key{deadline.time_since_epoch().count(), order_, slot})) return false;
  ++order_;
  free_ = static_cast<std::uint32_t>(slots_[slot].next_free);
  slots_[slot].timer = &timer;
  timer.slot_ = slot;
  up(keys_.size() - 1);
  return true;
}

void TimerHeap::disarm(Timer& timer) noexcept {
  assert(timer.armed());
  slots_[std::exchange(timer.slot_, Timer::kUnarmed)].timer = nullptr;
  ++dead_;
  if (dead_ > kDeadKept && dead_ > keys_.size() / 2) sweep();
}

std::optional<Instant> TimerHeap::next_deadline() noexcept {
  drop_dead_tops();
  if (keys_.empty()) return std::nullopt;
  return Instant(Duration(keys_[0].deadline));
}

void TimerHeap::expire(Instant now, ReadyQueue& ready) noexcept {
  for (;;) {
    drop_dead_tops();
    if (keys_.empty() || keys_[0].deadline > now.time_since_epoch().count()) return;
    Timer& timer = *slots_[keys_[0].slot].timer;
    timer.slot_ = Timer::kUnarmed;
    pop_top();
    ready.push(timer);
  }
}

void TimerHeap::drop_all() noexcept {
  // Dropping may run anything, arming included: empty the structure before each call-out.
  while (!empty()) {
    drop_dead_tops();
    Timer& timer = *slots_[keys_[0].slot].timer;
    timer.slot_ = Timer::kUnarmed;
    pop_top();
    timer.drop();
  }
  keys_.clear();
  slots_.clear();
  dead_ = 0;
  free_ = kNone;
}

void TimerHeap::up(std::size_t i) noexcept {
  const Key key = keys_[i];
  while (i > 0) {
    const std::size_t parent = (i - 1) / kArity;
    if (!before(key, keys_[parent])) break;
    keys_[i] = keys_[parent];
    i = parent;
  }
  keys_[i] = key;
}

void TimerHeap::down(std::size_t i) noexcept {
  const Key key = keys_[i];
  const std::size_t size = keys_.size();
  for (;;) {
    const std::size_t first = i * kArity + 1;
    if (first >= size) break;
    std::size_t least = first;
    for (std::size_t c = first + 1; c < std::min(first + kArity, size); ++c) {
      if (before(keys_[c], keys_[least])) least = c;
    }
    if (!before(keys_[least], key)) break;
    keys_[i] = keys_[least];
    i = least;
  }
  keys_[i] = key;
}

void TimerHeap::pop_top() noexcept {
  free_slot(keys_[0].slot);
  const Key last = keys_[keys_.size() - 1];
  keys_.truncate(keys_.size() - 1);
  if (keys_.empty()) return;
  keys_[0] = last;
  down(0);
}

void TimerHeap::drop_dead_tops() noexcept {
  while (dead_ > 0 && slots_[keys_[0].slot].timer == nullptr) {
    --dead_;
    pop_top();
  }
}

void TimerHeap::sweep() noexcept {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (slots_[keys_[i].slot].timer != nullptr) {
      keys_[kept++] = keys_[i];
    } else {
      free_slot(keys_[i].slot);
    }
  }
  keys_.truncate(kept);
  dead_ = 0;
  for (std::size_t i = kept / kArity + 1; i-- > 0;) {
    if (i < kept) down(i);
  }
}

void TimerHeap::free_slot(std::uint32_t slot) noexcept {
  slots_[slot].next_free = free_;
  free_ = slot;
}

}  // namespace phaseloop
