// Requests to cancel a task: how many stand, and whether one has still to be delivered.
#pragma once

#include <cstdint>

namespace phaseloop {

class CancelState {
 public:
  // A request was made: it counts whether or not it can be delivered at once.
  void request() noexcept { ++requests_; }
  // What the task waits for could not be cancelled: the next step delivers.
  void deliver_later() noexcept { must_cancel_ = true; }
  // True if a cancellation was to be delivered; it now has been.
  bool take_delivery() noexcept {
    const bool due = must_cancel_;
    must_cancel_ = false;
    return due;
  }
  bool must_cancel() const noexcept { return must_cancel_; }

  // Takes one request back and returns how many stand. `forgives`: the last one taken back also
  // takes an undelivered cancellation with it (CPython 3.13 and newer).
  std::int32_t retract(bool forgives) noexcept {
    if (requests_ > 0 && --requests_ == 0 && forgives) must_cancel_ = false;
    return requests_;
  }
  std::int32_t requests() const noexcept { return requests_; }

 private:
  std::int32_t requests_ = 0;
  bool must_cancel_ = false;
};

}  // namespace phaseloop
