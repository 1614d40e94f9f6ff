// FIFO of work ready to run. Intrusive: an item is in at most one queue.
// Thread: one at a time (the loop's). Nothing here allocates or fails.
#pragma once

#include <cassert>
#include <utility>

#include "runtime/base/runnable.h"

namespace phaseloop {

class ReadyQueue {
 public:
  ReadyQueue() noexcept = default;
  ReadyQueue(const ReadyQueue&) = delete;
  ReadyQueue& operator=(const ReadyQueue&) = delete;

  bool empty() const noexcept { return head_ == nullptr; }

  void push(Runnable& item) noexcept {
    assert(!item.linked());
    item.next_ = &item;
    append(item, item);
  }

  // REQUIRES: !empty()
  Runnable& pop() noexcept {
    Runnable& item = *head_;
    head_ = item.next_ == &item ? nullptr : item.next_;
    if (head_ == nullptr) tail_ = nullptr;
    item.next_ = nullptr;
    return item;
  }

  // Takes a whole chain whose last element points to itself.
  void append(Runnable& first, Runnable& last) noexcept {
    if (tail_ != nullptr) {
      tail_->next_ = &first;
    } else {
      head_ = &first;
    }
    tail_ = &last;
  }

  // Moves everything out of `other`, behind what is here.
  void take(ReadyQueue& other) noexcept {
    if (other.empty()) return;
    append(*other.head_, *other.tail_);
    other.head_ = other.tail_ = nullptr;
  }

  void swap(ReadyQueue& other) noexcept {
    std::swap(head_, other.head_);
    std::swap(tail_, other.tail_);
  }

  // In order. `visit` must not change the queue.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (Runnable* item = head_; item != nullptr;) {
      visit(*item);
      item = item->next_ == item ? nullptr : item->next_;
    }
  }

  // Gives every item's share back without running it. Items may be pushed meanwhile; they go too.
  void drop_all() noexcept {
    while (!empty()) pop().drop();
  }

 private:
  Runnable* head_ = nullptr;
  Runnable* tail_ = nullptr;
};

}  // namespace phaseloop
