// A loop's way to the operating system: its poller, and the Python callbacks of its descriptors.
//
// Owner: the Loop object. Thread: the loop's. The GIL is released around a wait that can sleep, and
// only then.
#pragma once

#include <memory>

#include "bindings/core/handle.h"
#include "bindings/core/loop_data.h"
#include "bindings/core/work.h"
#include "bindings/py/ref.h"
#include "runtime/base/clock.h"
#include "runtime/base/fd_table.h"
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

// One direction of a watched descriptor: runs the user's handle each time it is ready, or resumes
// the socket call that waits.
struct Side : Runnable {
  explicit Side(LoopData& own_data) noexcept;
  LoopData& data;
  Ref<Handle> handle;
  Ref<> call;          // a SocketCall; with both empty nobody listens
  bool stale = false;  // queued for one that has been removed since
};

// add_reader(), add_writer() and socket calls of one descriptor. Never freed before the loop is
// closed, for the poller and the ready queue point here.
struct FdWatch {
  FdWatch(LoopData& data, int fd) noexcept;
  Watch watch;
  Side reader, writer;
  Ref<> socket;  // a weak reference to the one whose calls have waited last
  // The file object that was passed to add_reader() or add_writer() when nobody listened yet.
  // Empty: it was a number, or nobody listens. As asyncio's selector the loop keeps it alive.
  Ref<> file;
  FdWatch* next_neglected = nullptr;
  bool neglected = false;  // in a list
};

// Registrations that the last call left behind for the next one on the same socket: until the end
// of the iteration after it, in which the task has had its turn.
class Neglected : public Runnable {
 public:
  Neglected(EpollPoller& poller, EventLoop& events) noexcept;
  void add(FdWatch& watch) noexcept;
  void forget() noexcept { new_ = old_ = nullptr; }

 private:
  static const WorkKind kKind;
  static void run(Runnable& work) noexcept;
  static void drop(Runnable& work) noexcept;

  EpollPoller& poller_;
  EventLoop& events_;
  FdWatch* new_ = nullptr;
  FdWatch* old_ = nullptr;  // settled at the end of this iteration
  bool ending_ = false;
};

struct LoopIo {
  LoopIo(LoopData& data, bool virtual_time) noexcept
      : is_virtual(virtual_time),
        jumping(poller),
        sleeper(virtual_time ? static_cast<Poller&>(jumping) : poller, data),
        events(sleeper, virtual_time ? static_cast<const Clock&>(jumping) : clock),
        neglected(poller, events) {}

  const bool is_virtual;  // time passes in jumps
  EpollPoller poller;
  VirtualTime jumping;
  SleepingPoller sleeper;
  SystemClock clock;
  EventLoop events;
  Neglected neglected;
  FdTable<FdWatch> watches;    // owned; freed by clear_watches() alone
  FdWatch* retired = nullptr;  // owned; of the parent process, where this one was forked
};

enum class Direction { read, write };

// As add_reader() and add_writer(): the former handle of that side is cancelled. `file` is what the
// program passed, a number or an object whose descriptor is `fd`. 0, or -1 with MemoryError or
// OSError; after OSError nobody listens to the descriptor any more.
int watch_fd(Loop& loop, int fd, PyObject* file, Direction direction, Ref<Handle> handle) noexcept;
// 1: there was one; 0: not; -1: OSError (the descriptor was closed while both sides were watched),
// after which nobody listens to it any more.
int unwatch_fd(Loop& loop, int fd, Direction direction) noexcept;
// The descriptor that is watched as this very object, or -1. Never fails. For objects that do not
// know their descriptor any more, such as a closed socket.
int watched_as(LoopIo& io, PyObject* file) noexcept;
// What watches the descriptor on that side: borrowed, null if nothing does. Never fails.
PyObject* watcher_of(LoopIo& io, int fd, Direction direction) noexcept;
// A SocketCall waits for its socket, whose descriptor this is; who waited on that side before does
// no longer. 0, or -1 with MemoryError or OSError; after OSError nobody listens any more.
int watch_socket(Loop& loop, int fd, Direction direction, PyObject* socket, Ref<> call) noexcept;
// It waits no longer, if it still did. `again`: another call is likely to come.
void unwatch_socket(Loop& loop, int fd, Direction direction, PyObject* call, bool again) noexcept;
// After fork(), in the child: 0, or -1 with OSError. Nothing is watched any more.
int forget_parent(Loop& loop) noexcept;

int visit_watches(LoopIo& io, visitproc visit, void* arg) noexcept;
void clear_watches(LoopIo& io) noexcept;

}  // namespace phaseloop
