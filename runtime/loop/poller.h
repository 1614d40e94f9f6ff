// The loop's only window on the operating system.
//
// Everything that originates outside the loop's thread (readiness of a descriptor, another
// thread's wake()) arrives here. epoll, io_uring, a simulator and decorators that release the GIL
// or trace are all just a Poller.
//
// Thread: the loop's, except wake(). Order: wait() harvests and touches no queue, so that it may
// run while other threads hold the interpreter; dispatch() hands over what was harvested. Time
// passes only inside wait().
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "runtime/base/clock.h"
#include "runtime/base/ready_queue.h"
#include "runtime/base/result.h"
#include "runtime/base/runnable.h"

namespace phaseloop {

enum class Interest : std::uint8_t { none = 0, read = 1, write = 2, both = 3 };
constexpr Interest operator|(Interest a, Interest b) noexcept {
  return static_cast<Interest>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
constexpr Interest operator-(Interest a, Interest b) noexcept {
  return static_cast<Interest>(static_cast<unsigned>(a) & ~static_cast<unsigned>(b));
}
constexpr bool has(Interest set, Interest bit) noexcept {
  return (static_cast<unsigned>(set) & static_cast<unsigned>(bit)) != 0;
}

// One descriptor and the work to queue when it is ready. Owned by the caller, who keeps it in place
// until the poller is gone or has been told to unwatch it and has dispatched once more.
struct Watch {
  int fd = -1;
  // The poller's own records; change them through it.
  Interest interest = Interest::none;
  Interest registered = Interest::none;  // what the system has been told to report
  std::uint32_t registration = 0;        // tells events of this registration from those of others
  Runnable* on_readable = nullptr;
  Runnable* on_writable = nullptr;
};

class Poller {
 public:
  virtual ~Poller() = default;

  // Sleeps at most `timeout` (nullopt: for ever) until a watched descriptor is ready or wake() is
  // called, and harvests. Spurious returns are fine; EINTR is reported, not retried: the caller
  // looks for signals.
  virtual Status wait(std::optional<Duration> timeout) noexcept = 0;

  // How many events the last wait() has brought and dispatch() has not handed over yet, a wake()
  // included.
  virtual std::size_t harvested() const noexcept = 0;

  // Queues the work of everything harvested whose interest still stands; work already queued is
  // not queued twice. Returns how much that was.
  virtual std::size_t dispatch(ReadyQueue& ready) noexcept = 0;

  // Makes the current or next wait() return. Any thread, and async-signal-safe.
  virtual void wake() noexcept = 0;

  // Sets the interest in watch.fd (level-triggered; errors and hang-ups count as both). none takes
  // it out; that cannot fail, even when the descriptor is closed already.
  virtual Status watch(Watch& watch, Interest interest) noexcept = 0;

  // How many descriptors are watched on behalf of users, i.e. not by the poller for its own ends.
  virtual std::size_t watched() const noexcept = 0;
};

}  // namespace phaseloop
