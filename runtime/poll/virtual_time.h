// Time that is not waited for: clock and poller in one.
//
// Decorates a poller. Where a loop would sleep until a deadline, and the operating system has
// nothing for it, time jumps to that deadline instead. What comes from outside still comes: a wait
// without a deadline is a real one, and events that are there are taken before time moves.
// Time starts at zero. Thread: the loop's, except wake() and now() as in the interfaces.
#pragma once

#include <atomic>

#include "runtime/base/clock.h"
#include "runtime/loop/poller.h"

namespace phaseloop {

class VirtualTime final : public Poller, public Clock {
 public:
  explicit VirtualTime(Poller& inner) noexcept : inner_(inner) {}

  Instant now() const noexcept override {
    return Instant(Duration(now_.load(std::memory_order_relaxed)));
  }

  // Time passes without a wait().
  void advance(Duration by) noexcept { now_.fetch_add(by.count(), std::memory_order_relaxed); }

  Status wait(std::optional<Duration> timeout) noexcept override {
    if (!timeout) return inner_.wait(timeout);
    const Status waited = inner_.wait(Duration::zero());
    if (waited.ok() && inner_.harvested() == 0) {
      now_.fetch_add(timeout->count(), std::memory_order_relaxed);
    }
    return waited;
  }
  std::size_t harvested() const noexcept override { return inner_.harvested(); }
  std::size_t dispatch(ReadyQueue& ready) noexcept override { return inner_.dispatch(ready); }
  void wake() noexcept override { inner_.wake(); }
  Status watch(Watch& watch, Interest interest) noexcept override {
    return inner_.watch(watch, interest);
  }
  std::size_t watched() const noexcept override { return inner_.watched(); }

 private:
  Poller& inner_;
  std::atomic<Duration::rep> now_{0};
};

}  // namespace phaseloop
