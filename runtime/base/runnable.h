// A unit of work that an event loop runs once.
//
// Owner: embedded in the object it belongs to (a task, a callback handle, a timer), so scheduling
// never allocates. Being linked in a queue stands for one share in that owner: whoever links it
// has made sure that the owner lives, `run` or `drop` gives that share back.
// Thread: that of the queue it is linked in. Order: first in, first out.
//
// A pointer to a constant Kind rather than a vtable: the owner may be a CPython object, whose first
// word is not ours, and layers above extend Kind with operations of their own.
#pragma once

namespace phaseloop {

class Runnable {
 public:
  struct Kind {
    void (*run)(Runnable&) noexcept;
    void (*drop)(Runnable&) noexcept;  // instead of run: the queue is being discarded
  };

  explicit constexpr Runnable(const Kind& kind) noexcept : kind_(&kind) {}
  Runnable(const Runnable&) = delete;
  Runnable& operator=(const Runnable&) = delete;

  const Kind& kind() const noexcept { return *kind_; }
  // In a queue or a list. The last element of either points to itself, so that "linked" needs no
  // bit of its own and two chains join in constant time.
  bool linked() const noexcept { return next_ != nullptr; }
  void run() noexcept { kind_->run(*this); }
  void drop() noexcept { kind_->drop(*this); }

 protected:
  ~Runnable() = default;

 private:
  friend class ReadyQueue;
  friend class WaiterList;
  friend class Inbox;
  Runnable* next_ = nullptr;
  const Kind* kind_;
};

}  // namespace phaseloop
