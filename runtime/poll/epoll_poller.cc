#include "runtime/poll/epoll_poller.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <cstdint>
#include <ctime>

namespace phaseloop {
namespace {

// Longer sleeps are cut into these; asyncio has the same bound.
constexpr Duration kSleepMax = std::chrono::hours(24);

void queue(Runnable* work, ReadyQueue& ready, std::size_t& count) noexcept {
  if (work == nullptr || work->linked()) return;
  ready.push(*work);
  ++count;
}

std::uint32_t epoll_mask(Interest interest) noexcept {
  return (has(interest, Interest::read) ? EPOLLIN : 0u) |
         (has(interest, Interest::write) ? EPOLLOUT : 0u);
}

// Nanosecond sleeps where the kernel has them (5.11), else rounded up to milliseconds, so that no
// timer is ever early and the loop does not spin through the last one.
int wait_for_events(int epoll, epoll_event* events, int max, std::optional<Duration> timeout) {
  if (!timeout) return epoll_wait(epoll, events, max, -1);
  if (*timeout <= Duration::zero()) return epoll_wait(epoll, events, max, 0);
  const Duration sleep = std::min(*timeout, kSleepMax);
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 35)
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(sleep);
  timespec limit{};
  limit.tv_sec = seconds.count();
  limit.tv_nsec = (sleep - seconds).count();
  const int count = epoll_pwait2(epoll, events, max, &limit, nullptr);
  if (count >= 0 || errno != ENOSYS) return count;
#endif
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(sleep);
  return epoll_wait(epoll, events, max, static_cast<int>(ms.count()));
}

}  // namespace

Status EpollPoller::open() noexcept {
  Fd epoll(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) return Status::failure(errno);
  Fd waker(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!waker.valid()) return Status::failure(errno);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;  // the waker is the one event without a watch
  if (epoll_ctl(epoll.get(), EPOLL_CTL_ADD, waker.get(), &event) < 0) {
    return Status::failure(errno);
  }
  epoll_ = std::move(epoll);
  waker_ = std::move(waker);
  return {};
}

Status EpollPoller::reopen() noexcept {
  close();
  return open();
}

void EpollPoller::close() noexcept {
  epoll_.close();
  waker_.close();
  watched_ = harvested_ = 0;
}

Status EpollPoller::wait(std::optional<Duration> timeout) noexcept {
  harvested_ = 0;
  const int count =
      wait_for_events(epoll_.get(), events_.data(), static_cast<int>(kEventsMax), timeout);
  if (count < 0) return Status::failure(errno);
  harvested_ = static_cast<std::size_t>(count);
  return {};
}

std::size_t EpollPoller::dispatch(ReadyQueue& ready) noexcept {
  std::size_t count = 0;
  for (std::size_t i = 0; i < harvested_; ++i) {
    const auto* watch = static_cast<const Watch*>(events_[i].data.ptr);
    if (watch == nullptr) {
      std::uint64_t wakes = 0;
      // Nothing to read is the only way this fails, and then there is nothing to reset.
      if (::read(waker_.get(), &wakes, sizeof wakes) < 0) continue;
      continue;
    }
    // As selectors.EpollSelector: whatever is not plain readability may concern the writer too.
    const std::uint32_t events = events_[i].events;
    if ((events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0 &&
        has(watch->interest, Interest::read)) {
      queue(watch->on_readable, ready, count);
    }
    if ((events & ~static_cast<std::uint32_t>(EPOLLIN)) != 0 &&
        has(watch->interest, Interest::write)) {
      queue(watch->on_writable, ready, count);
    }
  }
  harvested_ = 0;
  return count;
}

void EpollPoller::wake() noexcept {
  const std::uint64_t one = 1;
  const int saved = errno;
  // A full counter (EAGAIN) has woken the loop already.
  if (::write(waker_.get(), &one, sizeof one) < 0) errno = saved;
}

Status EpollPoller::control(Watch& watch, Interest interest) noexcept {
  epoll_event event{};
  event.events = epoll_mask(interest);
  event.data.ptr = &watch;
  if (watch.interest != Interest::none) {
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, watch.fd, &event) == 0) return {};
    // The descriptor was closed behind our back and its number is in use again: it is a new one.
    if (errno != ENOENT) return Status::failure(errno);
  }
  return Status::of(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, watch.fd, &event));
}

Status EpollPoller::watch(Watch& watch, Interest interest) noexcept {
  if (interest == watch.interest) return {};
  if (!epoll_.valid() && interest == Interest::none) {  // closed: nothing is watched any more
    watch.interest = Interest::none;
    return {};
  }
  const bool was = watch.interest != Interest::none;
  if (interest == Interest::none) {
    // Fails only when the descriptor is gone, and then it has left the set by itself.
    epoll_event ignored{};
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, watch.fd, &ignored);
  } else if (Status changed = control(watch, interest); !changed.ok()) {
    return changed;
  }
  watch.interest = interest;
  const bool is = interest != Interest::none;
  if (is && !was) ++watched_;
  // One that reopen() has forgotten is not counted.
  if (was && !is && watched_ > 0) --watched_;
  return {};
}

Status EpollPoller::watch_internally(Watch& watch) noexcept {
  if (Status changed = control(watch, Interest::read); !changed.ok()) return changed;
  watch.interest = Interest::read;
  return {};
}

}  // namespace phaseloop
