// A loop's way to the operating system: its poller, and the Python callbacks of its descriptors.
//
// Owner: the Loop object. Thread: the loop's. The GIL is released around a wait that can sleep, and
// only then.
#pragma once

#include <memory>
#include <vector>

#include "bindings/core/handle.h"
#include "bindings/core/loop_data.h"
#include "bindings/py/ref.h"
#include "runtime/base/clock.h"
#include "runtime/loop/event_loop.h"
#include "runtime/loop/poller.h"
#include "runtime/poll/epoll_poller.h"
#include "runtime/poll/virtual_time.h"

namespace phaseloop {

// Decorates the poller: without the GIL while it sleeps, and with no task current.
class SleepingPoller final : public Poller {
 public:
  SleepingPoller(Poller& inner, LoopData& data) noexcept : inner_(inner), data_(data) {}

  Status wait(std::optional<Duration> timeout) noexcept override;
  std::size_t harvested() const noexcept override { return inner_.harvested(); }
  std::size_t dispatch(ReadyQueue& ready) noexcept override { return inner_.dispatch(ready); }
  void wake() noexcept override { inner_.wake(); }
  Status watch(Watch& watch, Interest interest) noexcept override {
    return inner_.watch(watch, interest);
  }
  std::size_t watched() const noexcept override { return inner_.watched(); }

 private:
  Poller& inner_;
  LoopData& data_;
};

// One direction of a watched descriptor: runs the user's handle each time it is ready.
struct Side : Runnable {
  explicit Side(LoopData& own_data) noexcept;
  LoopData& data;
  Ref<Handle> handle;  // empty: nobody listens
  bool stale = false;  // queued for a handle that has been removed since
};

// add_reader() and add_writer() of one descriptor. Never freed before the loop is closed, for the
// poller and the ready queue point here.
struct FdWatch {
  FdWatch(LoopData& data, int fd) noexcept;
  Watch watch;
  Side reader, writer;
};

struct LoopIo {
  LoopIo(LoopData& data, bool virtual_time) noexcept
      : jumping(poller),
        sleeper(virtual_time ? static_cast<Poller&>(jumping) : poller, data),
        events(sleeper, virtual_time ? static_cast<const Clock&>(jumping) : clock) {}

  EpollPoller poller;
  VirtualTime jumping;
  SleepingPoller sleeper;
  SystemClock clock;
  EventLoop events;
  std::vector<std::unique_ptr<FdWatch>> watches;  // by descriptor; null: never watched
  std::unique_ptr<FdWatch> signals;               // the read end of the signal wake-up pipe
};

enum class Direction { read, write };

// As add_reader() and add_writer(): the former handle of that side is cancelled. 0, or -1 with
// OSError (which leaves everything as it was) or MemoryError.
int watch_fd(Loop& loop, int fd, Direction direction, Ref<Handle> handle) noexcept;
// 1: there was one; 0: not; -1: error.
int unwatch_fd(Loop& loop, int fd, Direction direction) noexcept;
// What watches the descriptor on that side: borrowed, null if nothing does. Never fails.
Handle* watcher_of(LoopIo& io, int fd, Direction direction) noexcept;
// Wakes a sleeping loop when `fd` is readable and calls the handle; no reason to poll a busy loop.
int watch_signals(Loop& loop, int fd, Ref<Handle> handle) noexcept;
// After fork(), in the child: 0, or -1 with OSError. Nothing is watched any more.
int forget_parent(Loop& loop) noexcept;

int visit_watches(LoopIo& io, visitproc visit, void* arg) noexcept;
void clear_watches(LoopIo& io) noexcept;

}  // namespace phaseloop
