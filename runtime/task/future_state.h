// The life of a future: pending, then finished or cancelled, once and for ever.
//
// Knows who waits and nothing of what the result is. Thread: that of the future's loop.
#pragma once

#include <cassert>
#include <cstdint>

#include "runtime/task/waiter.h"

namespace phaseloop {

class FutureState {
 public:
  enum class Phase : std::uint8_t { pending, finished, cancelled };

  bool pending() const noexcept { return phase_ == Phase::pending; }
  bool done() const noexcept { return phase_ != Phase::pending; }
  bool cancelled() const noexcept { return phase_ == Phase::cancelled; }
  bool finished() const noexcept { return phase_ == Phase::finished; }

  // REQUIRES: pending(). The caller then schedules the waiters.
  void finish() noexcept { settle(Phase::finished); }
  void cancel() noexcept { settle(Phase::cancelled); }
  // Back to pending: for a future that is initialised a second time.
  void reset() noexcept { phase_ = Phase::pending; }

  WaiterList waiters;

  // Set by the awaiting iterator, taken by the task that is handed the future: it tells `await`
  // from a bare `yield`.
  bool blocking = false;
  // An exception was set and nobody has looked at it yet.
  bool exception_unseen = false;

 private:
  void settle(Phase phase) noexcept {
    assert(pending());
    phase_ = phase;
  }

  Phase phase_ = Phase::pending;
};

}  // namespace phaseloop
