// Who waits for a future: a task to be woken up, a combinator's counter, a callback to call.
//
// A waiter is embedded in its owner and linked in at most one list; being linked stands for one
// share in the owner. When the future is done the whole list becomes ready work in constant time,
// in the order the waiters were added, shares included.
#pragma once

#include <cassert>
#include <utility>

#include "runtime/base/ready_queue.h"
#include "runtime/base/runnable.h"

namespace phaseloop {

class Waiter : public Runnable {
 public:
  explicit constexpr Waiter(const Kind& kind) noexcept : Runnable(kind) {}

 private:
  friend class WaiterList;
  Waiter* previous_ = nullptr;
};

class WaiterList {
 public:
  WaiterList() noexcept = default;
  WaiterList(const WaiterList&) = delete;
  WaiterList& operator=(const WaiterList&) = delete;

  bool empty() const noexcept { return head_ == nullptr; }
  Waiter* first() const noexcept { return head_; }
  // Looks at each: for the rare case that a waiter alone does not tell where it is linked.
  bool contains(const Waiter& waiter) const noexcept {
    for (const Waiter* w = head_; w != nullptr; w = after(*w)) {
      if (w == &waiter) return true;
    }
    return false;
  }
  static Waiter* after(const Waiter& waiter) noexcept {
    return waiter.next_ == &waiter ? nullptr : static_cast<Waiter*>(waiter.next_);
  }

  void add(Waiter& waiter) noexcept {
    assert(!waiter.linked());
    waiter.next_ = &waiter;
    waiter.previous_ = tail_;
    if (tail_ != nullptr) {
      tail_->next_ = &waiter;
    } else {
      head_ = &waiter;
    }
    tail_ = &waiter;
  }

  // REQUIRES: linked in this very list. Its share is the caller's.
  void remove(Waiter& waiter) noexcept {
    Waiter* next = after(waiter);
    if (waiter.previous_ != nullptr) {
      waiter.previous_->next_ = next != nullptr ? next : waiter.previous_;
    } else {
      head_ = next;
    }
    if (next != nullptr) {
      next->previous_ = waiter.previous_;
    } else {
      tail_ = waiter.previous_;
    }
    waiter.next_ = nullptr;
  }

  // REQUIRES: !empty(). Takes the oldest; its share is the caller's.
  Waiter& pop() noexcept {
    Waiter& waiter = *head_;
    remove(waiter);
    return waiter;
  }

  // The whole chain, oldest first, for a ready queue; the list is empty afterwards.
  std::pair<Runnable*, Runnable*> release() noexcept {
    return {std::exchange(head_, nullptr), std::exchange(tail_, nullptr)};
  }

  void drop_all() noexcept {
    while (!empty()) pop().drop();
  }

 private:
  Waiter* head_ = nullptr;
  Waiter* tail_ = nullptr;
};

}  // namespace phaseloop
