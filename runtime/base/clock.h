// Time as the runtime sees it. Units: integral nanoseconds on a monotonic axis.
//
// The clock is injected, so that a virtual one can stand in for the system's. Time is expected to
// pass only while a poller waits; code that needs "now" twice in an iteration is told it instead.
#pragma once

#include <chrono>

namespace phaseloop {

using Duration = std::chrono::nanoseconds;
using Instant = std::chrono::time_point<std::chrono::steady_clock, Duration>;

class Clock {
 public:
  // Any thread. Never goes back.
  virtual Instant now() const noexcept = 0;

 protected:
  ~Clock() = default;
};

// CLOCK_MONOTONIC: the clock of Python's time.monotonic().
class SystemClock final : public Clock {
 public:
  Instant now() const noexcept override {
    return std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now());
  }
};

}  // namespace phaseloop
