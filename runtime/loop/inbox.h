// The way into a loop from other threads: many push, one takes.
//
// The loop takes what was pushed in portions of its choice. What it leaves waits in a backlog,
// which only the loop's thread touches, and which its own work can queue behind, so that the order
// in which work was scheduled is kept whoever scheduled it.
//
// Order: what one thread pushes comes out in the order it was pushed. Lock-free; nothing fails.
#pragma once

#include <atomic>
#include <cassert>
#include <cstddef>

#include "runtime/base/ready_queue.h"
#include "runtime/base/runnable.h"

namespace phaseloop {

class Inbox {
 public:
  // Any thread. The item must not be linked.
  void push(Runnable& item) noexcept {
    assert(!item.linked());
    size_.fetch_add(1, std::memory_order_relaxed);
    Runnable* top = newest_.load(std::memory_order_relaxed);
    do {
      // As in every chain, the last element points to itself; here that is the oldest.
      item.next_ = top == nullptr ? &item : top;
    } while (!newest_.compare_exchange_weak(top, &item, std::memory_order_seq_cst,
                                            std::memory_order_relaxed));
  }

  // Any thread; a hint unless it is the loop's own before it sleeps.
  bool empty() const noexcept { return newest_.load(std::memory_order_seq_cst) == nullptr; }
  // Any thread; a hint. How many have been pushed and not been taken.
  std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }

  // The loop's thread: nothing waits here, as far as it can see.
  bool idle() const noexcept {
    return newest_.load(std::memory_order_relaxed) == nullptr && backlog_.empty();
  }
  // The loop's thread: the last take() left something.
  bool has_backlog() const noexcept { return !backlog_.empty(); }

  // The loop's thread. Appends at most so many to `ready`, oldest first. Returns how many.
  std::size_t take(ReadyQueue& ready, std::size_t at_most) noexcept {
    collect();
    std::size_t taken = 0;
    for (; taken < at_most && !backlog_.empty(); ++taken) ready.push(backlog_.pop());
    size_.fetch_sub(taken, std::memory_order_relaxed);
    return taken;
  }

  // The loop's thread. Queues a chain of the loop's own work, whose last element points to itself,
  // behind everything that waits here.
  void append(Runnable& first, Runnable& last) noexcept {
    std::size_t count = 1;
    for (Runnable* item = &first; item != &last; item = item->next_) ++count;
    size_.fetch_add(count, std::memory_order_relaxed);
    collect();
    backlog_.append(first, last);
  }

  // Newest first, then the backlog. `visit` must not change the inbox.
  // REQUIRES: no other thread pushes meanwhile (the interpreter's lock is held, or the world is
  // stopped), and the caller is the loop's thread or keeps it from taking.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (Runnable* item = newest_.load(std::memory_order_acquire); item != nullptr;) {
      visit(*item);
      item = item->next_ == item ? nullptr : item->next_;
    }
    backlog_.for_each(visit);
  }

 private:
  // What was pushed goes to the end of the backlog, oldest first.
  void collect() noexcept {
    if (newest_.load(std::memory_order_relaxed) == nullptr) return;
    Runnable* last = newest_.exchange(nullptr, std::memory_order_acquire);
    Runnable* item = last;
    Runnable* newer = last;  // the newest ends the chain: it points to itself
    for (;;) {
      Runnable* older = item->next_;
      item->next_ = newer;
      if (older == item) break;
      newer = item;
      item = older;
    }
    backlog_.append(*item, *last);
  }

  std::atomic<Runnable*> newest_{nullptr};
  std::atomic<std::size_t> size_{0};
  ReadyQueue backlog_;  // the loop's thread only
};

}  // namespace phaseloop
