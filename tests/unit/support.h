// Work that writes down that it ran, a clock that is told the time, and a kernel without system
// calls.
#pragma once

#include <cassert>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/loop/poller.h"
#include "runtime/loop/timer_heap.h"
#include "runtime/task/waiter.h"

namespace phaseloop::testing {

// Appends its name to a log when it runs, and "~" and its name when it is dropped.
template <class Base>
struct Noting : Base {
  Noting(std::string& own_log, std::string own_name)
      : Base(kKind), log(own_log), name(std::move(own_name)) {}
  static Noting& of(Runnable& work) { return static_cast<Noting&>(static_cast<Base&>(work)); }
  static void run_it(Runnable& work) noexcept { of(work).log += of(work).name; }
  static void drop_it(Runnable& work) noexcept { of(work).log += "~" + of(work).name; }
  static constexpr Runnable::Kind kKind{run_it, drop_it};
  std::string& log;
  std::string name;
};
struct PlainRunnable : Runnable {
  using Runnable::Runnable;
};
using Note = Noting<PlainRunnable>;
using NoteTimer = Noting<Timer>;
using NoteWaiter = Noting<Waiter>;

// Calls a function each time it runs.
struct Call : Runnable {
  explicit Call(std::function<void()> own_function)
      : Runnable(kKind), function(std::move(own_function)) {}
  static void run_it(Runnable& work) noexcept { static_cast<Call&>(work).function(); }
  static void drop_it(Runnable& work) noexcept { static_cast<Call&>(work).dropped(); }
  static constexpr Kind kKind{run_it, drop_it};
  std::function<void()> function;
  std::function<void()> dropped = [] {};
};

// Poller and clock in one: time passes only inside wait(), events arrive when told.
class World final : public Poller, public Clock {
 public:
  Instant now() const noexcept override { return now_; }
  Status wait(std::optional<Duration> timeout) noexcept override {
    ++asked;
    last_timeout = timeout;
    if (arrived_.empty() && !woken_) {
      assert(timeout && "nothing is ready, nothing is timed, nothing will arrive");
      now_ += *timeout;
    }
    woken_ = false;
    return {};
  }
  std::size_t harvested() const noexcept override { return arrived_.size(); }
  std::size_t dispatch(ReadyQueue& ready) noexcept override {
    const std::size_t count = arrived_.size();
    for (Runnable* work : arrived_) ready.push(*work);
    arrived_.clear();
    return count;
  }
  void wake() noexcept override { woken_ = true; }
  Status watch(Watch&, Interest) noexcept override { return {}; }
  std::size_t watched() const noexcept override { return watched_fds; }

  void arrive(Runnable& work) { arrived_.push_back(&work); }
  void pass(Duration time) { now_ += time; }

  std::size_t watched_fds = 0;
  int asked = 0;
  std::optional<Duration> last_timeout;

 private:
  Instant now_{};
  std::vector<Runnable*> arrived_;
  bool woken_ = false;
};

}  // namespace phaseloop::testing
