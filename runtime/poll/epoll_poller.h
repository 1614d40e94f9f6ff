// Poller over Linux epoll, level-triggered, woken through an eventfd.
//
// Why epoll first: it is allowed in every container, costs one call for any number of ready
// descriptors, and its readiness model is asyncio's own (add_reader, add_writer).
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstdint>

#include "runtime/base/fd.h"
#include "runtime/base/fd_table.h"
#include "runtime/loop/poller.h"

namespace phaseloop {

class EpollPoller final : public Poller {
 public:
  // Which poller is in use, and why: for people to read.
  static constexpr const char* kDescription = "epoll, the one poller there is so far";

  // Must succeed before anything else is called; leaves nothing open when it fails.
  Status open() noexcept;
  // For a forked child: the epoll instance and the eventfd are shared with the parent, and changing
  // either would reach into it. Replaces both; watches are forgotten.
  Status reopen() noexcept;
  void close() noexcept;
  bool is_open() const noexcept { return epoll_.valid(); }

  // For another poller to watch: readable when wait() would find something. -1: closed.
  int descriptor() const noexcept { return epoll_.get(); }

  Status wait(std::optional<Duration> timeout) noexcept override;
  std::size_t harvested() const noexcept override { return harvested_; }
  std::size_t dispatch(ReadyQueue& ready) noexcept override;
  void wake() noexcept override;
  Status watch(Watch& watch, Interest interest) noexcept override;
  std::size_t watched() const noexcept override { return watched_; }

  // As watch() with less interest than before, except that this fails when the descriptor was
  // closed behind our back: its number may be another file's by now, and that is not to be
  // registered.
  Status reduce(Watch& watch, Interest interest) noexcept;

  // For one that will probably be watched again soon: `dropped` is of no interest any more, but the
  // system goes on reporting it, so that resume() is no system call. Until settle() a wait() may
  // return for nothing.
  void neglect(Watch& watch, Interest dropped) noexcept;
  // As watch(). REQUIRES: the descriptor is of the same file as when it was neglected.
  Status resume(Watch& watch, Interest interest) noexcept;
  // The system reports what is of interest, and no more.
  void settle(Watch& watch) noexcept;
  // What the system has been told is void: the number may be another file's by now. The interest
  // stays, to be registered anew.
  void forget(Watch& watch) noexcept;

 private:
  static constexpr std::size_t kEventsMax = 256;  // more simply wait for the next iteration

  Status register_as(Watch& watch, Interest interest) noexcept;
  void count(Watch& watch, Interest interest) noexcept;
  // Null: an event of a registration that is void.
  const Watch* watch_behind(std::uint64_t tag) const noexcept;

  Fd epoll_;
  Fd waker_;
  // By descriptor: whose registration the system has, as far as is known. A descriptor that is
  // closed takes its registration along, unnoticed.
  FdTable<Watch> registrants_;
  std::uint32_t registrations_ = 0;  // how many there have been
  std::size_t watched_ = 0;
  std::size_t harvested_ = 0;
  std::array<epoll_event, kEventsMax> events_;
};

}  // namespace phaseloop
