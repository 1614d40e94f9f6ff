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

// What an event brings back: the descriptor and which of its registrations reports. A pointer would
// not do: a descriptor that is closed while a duplicate of it lives (dup(), fork()) stays in the
// set under a number that EPOLL_CTL_DEL no longer knows, and reports on when its watch is long
// freed.
constexpr std::uint64_t kWakerTag = UINT64_MAX;
std::uint64_t tag_of(int fd, std::uint32_t registration) noexcept {
  return (std::uint64_t{registration} << 32) | static_cast<std::uint32_t>(fd);
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
  event.data.u64 = kWakerTag;
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
  registrants_.clear();
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
    const std::uint64_t tag = events_[i].data.u64;
    if (tag == kWakerTag) {
      std::uint64_t wakes = 0;
      // Nothing to read is the only way this fails, and then there is nothing to reset.
      if (::read(waker_.get(), &wakes, sizeof wakes) < 0) continue;
      continue;
    }
    const Watch* watch = watch_behind(tag);
    if (watch == nullptr) continue;
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

const Watch* EpollPoller::watch_behind(std::uint64_t tag) const noexcept {
  const Watch* watch = registrants_.find(static_cast<int>(static_cast<std::uint32_t>(tag)));
  return watch != nullptr && watch->registration == tag >> 32 ? watch : nullptr;
}

Status EpollPoller::register_as(Watch& watch, Interest interest) noexcept {
  if (watch.fd < 0) return Status::failure(EBADF);
  // Room first: what the system has accepted must not be forgotten for want of memory.
  if (!registrants_.reserve(watch.fd)) return Status::failure(ENOMEM);
  Watch* former = registrants_.find(watch.fd);
  std::uint32_t registration = former == &watch ? watch.registration : ++registrations_;
  epoll_event event{};
  event.events = epoll_mask(interest);
  event.data.u64 = tag_of(watch.fd, registration);
  int result = -1;
  if (former != nullptr) {
    result = epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, watch.fd, &event);
    // The descriptor was closed behind our back and its number is in use again: it is a new one.
    if (result < 0 && errno != ENOENT) return Status::failure(errno);
  }
  if (result < 0) {
    registration = ++registrations_;
    event.data.u64 = tag_of(watch.fd, registration);
    result = epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, watch.fd, &event);
  }
  if (result < 0) return Status::failure(errno);
  if (former != nullptr) former->registered = Interest::none;
  registrants_.set(watch.fd, &watch);
  watch.registered = interest;
  watch.registration = registration;
  return {};
}

void EpollPoller::forget(Watch& watch) noexcept {
  if (watch.registered == Interest::none) return;
  watch.registered = Interest::none;
  if (!epoll_.valid() || registrants_.find(watch.fd) != &watch) return;
  // Fails only when the descriptor is gone. Then it has left the set by itself, or a duplicate
  // keeps it there, whose events are nobody's from now on.
  epoll_event ignored{};
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, watch.fd, &ignored);
  registrants_.set(watch.fd, nullptr);
}

void EpollPoller::count(Watch& watch, Interest interest) noexcept {
  const bool was = watch.interest != Interest::none, is = interest != Interest::none;
  watch.interest = interest;
  if (is && !was) ++watched_;
  // One that reopen() has forgotten is not counted.
  if (was && !is && watched_ > 0) --watched_;
}

Status EpollPoller::watch(Watch& watch, Interest interest) noexcept {
  if (interest == watch.interest && interest == watch.registered) return {};
  if (interest == Interest::none) {
    forget(watch);
  } else if (Status changed = register_as(watch, interest); !changed.ok()) {
    return changed;
  }
  count(watch, interest);
  return {};
}

Status EpollPoller::reduce(Watch& watch, Interest interest) noexcept {
  if (interest == Interest::none || watch.registered == interest)
    return this->watch(watch, interest);
  epoll_event event{};
  event.events = epoll_mask(interest);
  if (registrants_.find(watch.fd) != &watch) return Status::failure(ENOENT);
  event.data.u64 = tag_of(watch.fd, watch.registration);
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, watch.fd, &event) < 0) return Status::failure(errno);
  watch.registered = interest;
  count(watch, interest);
  return {};
}

void EpollPoller::neglect(Watch& watch, Interest dropped) noexcept {
  count(watch, watch.interest - dropped);
}

Status EpollPoller::resume(Watch& watch, Interest interest) noexcept {
  if ((watch.registered | interest) != watch.registered) return this->watch(watch, interest);
  count(watch, interest);
  return {};
}

void EpollPoller::settle(Watch& watch) noexcept {
  if (watch.interest == watch.registered) return;
  if (watch.interest == Interest::none) return forget(watch);
  // Of what is registered already, less: nothing that could be refused.
  static_cast<void>(register_as(watch, watch.interest).ok());
}

}  // namespace phaseloop
