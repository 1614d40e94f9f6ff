#include "runtime/loop/event_loop.h"

#include <algorithm>
#include <thread>

namespace phaseloop {

void EventLoop::post(Runnable& work) noexcept {
  inbox_.push(work);
  // The push and this look are ordered against poll()'s store and look (both sides seq_cst): either
  // the loop sees the work before it sleeps, or it is seen asleep here. One waker is enough.
  if (asleep_.load(std::memory_order_seq_cst) &&
      asleep_.exchange(false, std::memory_order_seq_cst)) {
    poller_.wake();
  }
}

bool EventLoop::crowded() const noexcept {
  const std::size_t portion = portion_.load(std::memory_order_relaxed);
  if (inbox_.size() <= portion * kPortionsWaiting) [[likely]]
    return false;
  return stalled_.load(std::memory_order_relaxed) != progress_.load(std::memory_order_relaxed);
}

// Sleeps in steps instead of on a condition variable: the loop then has nobody to notify, and a
// child of fork() inherits no lock.
void EventLoop::wait_for_room() noexcept {
  constexpr Duration kStep = std::chrono::microseconds(100);
  const std::uint64_t before = progress_.load(std::memory_order_relaxed);
  for (Duration waited{}; waited < kPostWait; waited += kStep) {
    std::this_thread::sleep_for(kStep);
    const std::size_t portion = portion_.load(std::memory_order_relaxed);
    if (inbox_.size() <= portion * kPortionsWaiting / 2) return;
  }
  if (progress_.load(std::memory_order_relaxed) == before) {
    stalled_.store(before, std::memory_order_relaxed);
  }
}

void EventLoop::poll_eagerly() noexcept {
  eager_polls_ = kEagerPolls;
  settling_ = 0;
}

void EventLoop::begin_run() noexcept {
  poll_eagerly();
  interrupted_ = false;
}

// In the last iteration of a run everything may come: who calls stop() and then runs the loop
// expects what was scheduled before to be done.
void EventLoop::admit() noexcept {
  if (inbox_.idle()) [[likely]]
    return;
  const std::size_t portion = stopping_ ? SIZE_MAX : portion_.load(std::memory_order_relaxed);
  if (admitted_ < portion) admitted_ += inbox_.take(ready_, portion - admitted_);
}

// Its parts have a caller more, and are wanted in here all the same: this is every iteration.
[[gnu::flatten]] void EventLoop::run_once() noexcept {
  now_.reset();
  end_iteration();  // what was put off while the loop was not running
  admitted_ = 0;
  admit();
  if (ready_.empty() && batch_.empty() && !stopping_) {
    sleep_or_go_on();
  } else if (poll_due()) {
    poll(Duration::zero());
  }
  if (!timers_.empty()) {
    if (!now_) now_ = clock_.now();
    timers_.expire(*now_, ready_);
  }
  run_batch();
  end_iteration();
}

bool EventLoop::serve() noexcept {
  admitted_ = 0;
  admit();
  poll(Duration::zero());
  run_batch();
  end_iteration();
  return !ready_.empty() || !inbox_.idle();
}

// Nothing is ready. A timer that is due already is work like any other: whether the operating
// system is asked first is then a matter of how long ago it was.
void EventLoop::sleep_or_go_on() noexcept {
  const std::optional<Duration> timeout = sleep_time();
  if (timeout == Duration::zero() && !poll_due()) return;
  poll(timeout);
  now_.reset();
}

// With work ready: is it time to look at the operating system all the same?
bool EventLoop::poll_due() noexcept {
  if (poller_.watched() == 0) return false;
  if (settling_ > 0 && !stopping_) {
    --settling_;
    return false;
  }
  if (eager_polls_ > 0 || stopping_) return true;
  if (!now_) now_ = clock_.now();
  return *now_ - last_poll_ >= kPollInterval;
}

void EventLoop::poll(std::optional<Duration> timeout) noexcept {
  const bool sleeps = timeout != Duration::zero();
  if (sleeps) {
    asleep_.store(true, std::memory_order_seq_cst);
    if (!inbox_.empty()) timeout = Duration::zero();
  }
  // An error other than a spurious return would be a bug of the poller's; either way there is
  // nothing to dispatch and the caller looks for signals.
  const Status waited = poller_.wait(timeout);
  if (sleeps) asleep_.store(false, std::memory_order_seq_cst);
  admit();
  const std::size_t events = waited.ok() ? poller_.dispatch(ready_) : 0;
  settling_ = events >= kManyEvents ? kSettlingIterations : 0;
  if (sleeps || events > 0) {
    eager_polls_ = kEagerPolls;
  } else if (eager_polls_ > 0 && --eager_polls_ == 0) {
    last_poll_ = clock_.now();
  } else if (now_) {
    last_poll_ = *now_;
  }
}

std::optional<Duration> EventLoop::sleep_time() noexcept {
  const std::optional<Instant> deadline = timers_.next_deadline();
  if (!deadline) return std::nullopt;
  // Compared first: the distance to a deadline long past need not fit.
  now_ = clock_.now();
  return *deadline > *now_ ? *deadline - *now_ : Duration::zero();
}

void EventLoop::call_soon_behind(Runnable& work) noexcept {
  ReadyQueue chain;
  chain.push(work);  // a chain of one
  append_behind(work, work);
}

void EventLoop::append_behind(Runnable& first, Runnable& last) noexcept {
  admit();
  if (inbox_.idle()) {
    ready_.append(first, last);
  } else {
    inbox_.append(first, last);
  }
}

void EventLoop::run_batch() noexcept {
  batch_.take(ready_);
  const bool flooded = inbox_.has_backlog();
  const Instant start = flooded ? clock_.now() : Instant{};
  while (!batch_.empty()) {
    Runnable& work = batch_.pop();
    if (observer_ == nullptr) [[likely]] {
      work.run();
    } else {
      observer_->run(work);
    }
    progress_.store(progress_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    if (interrupted_) [[unlikely]] {
      interrupted_ = false;
      batch_.take(ready_);
      ready_.swap(batch_);
      return;
    }
  }
  if (flooded) {
    adapt_portion(clock_.now() - start);
  } else if (admitted_ > 0) {
    adapt_portion(Duration::zero());
  }
}

// The next portion is smaller in the measure in which this one took too long, or twice as large.
void EventLoop::adapt_portion(Duration took) noexcept {
  std::size_t portion = portion_.load(std::memory_order_relaxed);
  if (took > kPortionTime) {
    portion = std::max(kPortionMin, portion / static_cast<std::size_t>(took / kPortionTime + 1));
  } else if (took < kPortionTime / 2) {
    portion = std::min(kPortionMax, portion * 2);
  }
  portion_.store(portion, std::memory_order_relaxed);
}

void EventLoop::end_iteration() noexcept {
  while (!at_end_.empty()) at_end_.pop().run();
}

void EventLoop::drop_all() noexcept {
  batch_.drop_all();
  at_end_.drop_all();
  do {
    ready_.drop_all();
    timers_.drop_all();
    inbox_.take(ready_, SIZE_MAX);
  } while (!ready_.empty());
}

}  // namespace phaseloop
