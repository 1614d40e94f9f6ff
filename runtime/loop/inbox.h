// The way into a loop from other threads: many push, one drains.
//
// Order: what one thread pushes comes out in the order it was pushed. Lock-free; nothing fails.
#pragma once

#include <atomic>
#include <cassert>

#include "runtime/base/ready_queue.h"
#include "runtime/base/runnable.h"

namespace phaseloop {

class Inbox {
 public:
  // Any thread. The item must not be linked.
  void push(Runnable& item) noexcept {
    assert(!item.linked());
    Runnable* top = newest_.load(std::memory_order_relaxed);
    do {
      // As in every chain, the last element points to itself; here that is the oldest.
      item.next_ = top == nullptr ? &item : top;
    } while (!newest_.compare_exchange_weak(top, &item, std::memory_order_seq_cst,
                                            std::memory_order_relaxed));
  }

  // Any thread; a hint unless it is the loop's own before it sleeps.
  bool empty() const noexcept { return newest_.load(std::memory_order_seq_cst) == nullptr; }

  // The loop's thread. Appends everything to `ready`, oldest first.
  void drain(ReadyQueue& ready) noexcept {
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
    ready.append(*item, *last);
  }

  // Newest first. `visit` must not change the inbox.
  // REQUIRES: no other thread pushes meanwhile (the interpreter's lock is held, or the world is
  // stopped), and the caller is the loop's thread or keeps it from draining.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (Runnable* item = newest_.load(std::memory_order_acquire); item != nullptr;) {
      visit(*item);
      item = item->next_ == item ? nullptr : item->next_;
    }
  }

 private:
  std::atomic<Runnable*> newest_{nullptr};
};

}  // namespace phaseloop
