// The event loop: what is ready, what is due when, and when to ask the operating system.
//
// One iteration (run_once) is asyncio's _run_once, observable order included:
//   1. ask the poller, sleeping until the next deadline if nothing is ready;
//   2. read the clock, once and only if somebody needs it; queue the timers that are due;
//   3. run exactly the work that was ready at that point. Work scheduled meanwhile waits;
//   4. run what was put off until the end of the iteration: writes that gather.
//
// Lateness. While work is ready the poller is not asked in every iteration: not at all if nothing
// is watched; otherwise in each of the first kEagerPolls iterations after a sleep or an event, and
// then once kPollInterval has passed since it was last asked, looked at every iteration. So I/O is
// noticed at most kPollInterval plus one iteration late however much ready work there is, and
// timers at most one iteration late. After an answer of kManyEvents or more what they have set off
// has kSettlingIterations to itself: a busy server then answers many at a time, whose clients are
// woken once for several answers.
//
// Floods. What other threads post is taken in portions, one an iteration: at most kPortionMax
// pieces of work, and so many fewer that they take some kPortionTime together. Timers and I/O wait
// for one portion, however many threads post. Of the rest the order is kept: work that the loop
// schedules itself meanwhile queues behind what has been posted before. So that the rest stays
// small, a thread that posts to a running loop is told when it is crowded() and then waits, for
// kPostWait at most, until the loop has caught up. Without that, threads that hold the
// interpreter's lock in turns post faster than one loop can run: four of them had half a million
// callbacks waiting within seconds. A thread that has waited in vain is not told again before the
// loop has run something: the loop may be blocked, by that very thread even, and then nothing is
// gained by waiting.
//
// Thread: the loop's, except post(). Poller and clock outlive the loop. Nothing here allocates but
// arming a timer.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "runtime/base/clock.h"
#include "runtime/base/ready_queue.h"
#include "runtime/base/runnable.h"
#include "runtime/loop/inbox.h"
#include "runtime/loop/poller.h"
#include "runtime/loop/timer_heap.h"

namespace phaseloop {

class EventLoop {
 public:
  static constexpr int kEagerPolls = 8;
  static constexpr std::size_t kManyEvents = 8;
  static constexpr int kSettlingIterations = 2;
  static constexpr Duration kPollInterval = std::chrono::microseconds(50);
  static constexpr std::size_t kPortionMin = 16;
  static constexpr std::size_t kPortionFirst = 256;
  static constexpr std::size_t kPortionMax = 1024;
  static constexpr Duration kPortionTime = std::chrono::milliseconds(1);
  static constexpr std::size_t kPortionsWaiting = 4;  // more of them make the loop crowded
  static constexpr Duration kPostWait = std::chrono::milliseconds(5);

  // Called around every piece of work while set: debugging, never on the fast path.
  class Observer {
   public:
    virtual void run(Runnable& work) noexcept = 0;

   protected:
    ~Observer() = default;
  };

  EventLoop(Poller& poller, const Clock& clock) noexcept : poller_(poller), clock_(clock) {}
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  Instant now() const noexcept { return clock_.now(); }

  // Behind everything scheduled before, by other threads too.
  void call_soon(Runnable& work) noexcept {
    if (inbox_.idle()) [[likely]]
      return ready_.push(work);
    call_soon_behind(work);
  }
  // A whole chain at once: the waiters of a future.
  void call_soon(Runnable& first, Runnable& last) noexcept {
    if (inbox_.idle()) [[likely]]
      return ready_.append(first, last);
    append_behind(first, last);
  }
  // At the end of the iteration under way, or before the next one sleeps if none is under way. What
  // such work puts off in turn runs at the same end.
  void call_at_end(Runnable& work) noexcept { at_end_.push(work); }
  // Any thread.
  void post(Runnable& work) noexcept;
  // Any thread: should one that has posted give the loop time?
  bool crowded() const noexcept;
  // Any thread but the loop's, without locks that the loop needs: sleeps until the loop has caught
  // up, for kPostWait at most.
  void wait_for_room() noexcept;
  // False: out of memory, nothing changed.
  [[nodiscard]] bool call_at(Timer& timer, Instant deadline) noexcept {
    return timers_.arm(timer, deadline);
  }
  // That of the timer that is due first, if there is one.
  std::optional<Instant> next_deadline() noexcept { return timers_.next_deadline(); }
  // REQUIRES: timer.armed(). The share in the timer is the caller's again.
  void disarm(Timer& timer) noexcept { timers_.disarm(timer); }

  // Before the first iteration of a run: what happened meanwhile is looked at once more.
  void begin_run() noexcept;
  // May be called within a piece of work: then what the outer iteration has left to run is run
  // first, and nothing is left for it.
  void run_once() noexcept;
  // One iteration on behalf of another loop, which watches the poller, keeps the time and runs what
  // is not in these queues: never sleeps and looks at no timer. Whether there is more to run.
  bool serve() noexcept;
  // The next iterations ask the poller, as after a sleep.
  void poll_eagerly() noexcept;
  // The iteration under way is the last that may sleep; the runner looks at stopping() after it.
  void stop() noexcept { stopping_ = true; }
  bool stopping() const noexcept { return stopping_; }
  void set_stopping(bool stopping) noexcept { stopping_ = stopping; }
  // Ends the iteration after the current piece of work; what is left stays first in the queue.
  void interrupt() noexcept { interrupted_ = true; }

  // Returns the former one.
  Observer* observe(Observer* observer) noexcept { return std::exchange(observer_, observer); }
  // Drops all scheduled work, what other threads have posted included.
  void drop_all() noexcept;

  bool anything_ready() const noexcept {
    return !batch_.empty() || !ready_.empty() || !at_end_.empty() || !inbox_.idle();
  }

  // Has `replace` put something in the place of each piece of work that is ready, in order: a
  // Runnable that is not linked (the given one will do) or null. It may schedule more.
  template <class Replace>
  void replace_ready(Replace&& replace) {
    inbox_.take(ready_, SIZE_MAX);
    for (ReadyQueue* queue : {&batch_, &ready_}) {
      ReadyQueue former, replaced;
      former.take(*queue);
      while (!former.empty()) {
        if (Runnable* work = replace(former.pop())) replaced.push(*work);
      }
      replaced.take(*queue);
      queue->swap(replaced);
    }
  }
  // Every armed timer and when it is due, in no particular order. `visit` must not arm or disarm.
  template <class Visit>
  void for_each_timer(Visit&& visit) {
    timers_.for_each_with_deadline(visit);
  }

  // Everything scheduled and posted, for those who must know what it holds. Changes nothing.
  // REQUIRES: no other thread posts meanwhile.
  template <class Visit>
  void for_each_scheduled(Visit&& visit) const {
    batch_.for_each(visit);
    ready_.for_each(visit);
    at_end_.for_each(visit);
    timers_.for_each(visit);
    inbox_.for_each(visit);
  }

 private:
  void sleep_or_go_on() noexcept;
  bool poll_due() noexcept;
  void poll(std::optional<Duration> timeout) noexcept;
  std::optional<Duration> sleep_time() noexcept;
  void call_soon_behind(Runnable& work) noexcept;
  void append_behind(Runnable& first, Runnable& last) noexcept;
  void admit() noexcept;
  void run_batch() noexcept;
  void adapt_portion(Duration took) noexcept;
  void end_iteration() noexcept;

  // Constant after construction.
  Poller& poller_;
  const Clock& clock_;
  // The loop's thread only.
  ReadyQueue ready_;
  ReadyQueue batch_;  // what this iteration still has to run
  ReadyQueue at_end_;
  TimerHeap timers_;
  Observer* observer_ = nullptr;
  std::optional<Instant> now_;  // read in this iteration, if anybody asked
  Instant last_poll_{};
  int eager_polls_ = kEagerPolls;
  int settling_ = 0;          // iterations to go without a poll
  std::size_t admitted_ = 0;  // how many this iteration has taken from the inbox
  bool stopping_ = false;
  bool interrupted_ = false;
  // Any thread.
  Inbox inbox_;
  std::atomic<bool> asleep_{false};
  std::atomic<std::size_t> portion_{kPortionFirst};  // the loop's thread writes it
  std::atomic<std::uint64_t> progress_{0};  // how much work has run; the loop's thread counts
  std::atomic<std::uint64_t> stalled_{UINT64_MAX};  // the progress at which waiting was in vain
};

}  // namespace phaseloop
