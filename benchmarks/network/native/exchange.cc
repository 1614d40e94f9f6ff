#include "benchmarks/network/native/exchange.h"

#include <sys/epoll.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <random>

namespace bench {
namespace {

constexpr std::size_t kOpenedAtOnce = 64;
constexpr Nanoseconds kPatience = 10'000'000'000;

std::array<char, 1 << 18> received_bytes;  // one for all: it is looked at and forgotten

}  // namespace

Pattern::Pattern(std::size_t size) {
  std::mt19937_64 random(size);
  bytes_.resize(size + kShifts);
  for (char& byte : bytes_) byte = static_cast<char>(random());
}

void Exchange::begin(Nanoseconds time) {
  begun_ = time;
  ++message_;
  sent_ = received_ = 0;
  waits_to_write_ = false;
  send_rest();
}

void Exchange::send_rest() {
  while (sent_ < pattern_->size()) {
    const std::size_t rest = pattern_->size() - sent_;
    const long count = stream_->write(pattern_->message(message_) + sent_, rest);
    if (count < 0) {
      waits_to_write_ = count == kWantsWrite;
      return;
    }
    sent_ += static_cast<std::size_t>(count);
  }
  waits_to_write_ = false;
}

bool Exchange::advance() {
  if (sent_ < pattern_->size()) send_rest();
  while (true) {
    const long count = stream_->read(received_bytes.data(), received_bytes.size());
    if (count == kWantsWrite) waits_to_write_ = true;
    if (count < 0) return false;
    if (count == 0 && !datagrams_) {
      fail("the server closed a connection: " + std::to_string(received_) + " of " +
           std::to_string(pattern_->size()) + " bytes of the message were back");
    }
    check(received_bytes.data(), static_cast<std::size_t>(count));
    received_ += static_cast<std::size_t>(count);
    if (idle()) return true;
  }
}

void Exchange::check(const char* bytes, std::size_t count) const {
  const std::size_t awaited = pattern_->size() - received_;
  if (count > awaited || received_ + count > sent_) {
    fail("wrong echo: more came back than was sent");
  }
  const char* expected = pattern_->message(message_) + received_;
  if (std::memcmp(bytes, expected, count) != 0) {
    std::size_t at = 0;
    while (bytes[at] == expected[at]) ++at;
    fail("wrong echo: byte " + std::to_string(received_ + at) + " of " +
         std::to_string(pattern_->size()) + " differs from what was sent");
  }
  if (datagrams_ && count != awaited) fail("wrong echo: a datagram came back short");
}

Spinner::Spinner() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_.get() < 0) fail_errno("epoll");
}

void Spinner::control(int operation, Exchange& exchange, bool write) {
  epoll_event event{};
  event.events = EPOLLIN | (write ? EPOLLOUT : 0u);
  event.data.ptr = &exchange;
  if (epoll_ctl(epoll_.get(), operation, exchange.fd(), &event) < 0) fail_errno("epoll_ctl");
  writing_[static_cast<std::size_t>(exchange.fd())] = write;
}

void Spinner::add(Exchange& exchange) {
  const auto fd = static_cast<std::size_t>(exchange.fd());
  if (fd >= writing_.size()) writing_.resize(fd + 1);
  control(EPOLL_CTL_ADD, exchange, exchange.waits_to_write());
}

void Spinner::update(Exchange& exchange) {
  const bool write = exchange.waits_to_write();
  if (writing_[static_cast<std::size_t>(exchange.fd())] != write) {
    control(EPOLL_CTL_MOD, exchange, write);
  }
}

const std::vector<Exchange*>& Spinner::poll() {
  epoll_event events[256];
  const int count = epoll_wait(epoll_.get(), events, 256, 0);
  if (count < 0 && errno != EINTR) fail_errno("epoll_wait");
  ready_.clear();
  for (int i = 0; i < count; ++i) ready_.push_back(static_cast<Exchange*>(events[i].data.ptr));
  return ready_;
}

std::vector<Exchange> open_all(Dialer& dialer, const Pattern& pattern, bool datagrams,
                               std::size_t count, Spinner& spinner) {
  std::vector<Exchange> all;
  all.reserve(count);  // the spinner keeps their addresses
  std::size_t proven = 0;
  Nanoseconds progress = now();
  while (proven < count) {
    while (all.size() < count && all.size() - proven < kOpenedAtOnce) {
      Exchange& opened =
          all.emplace_back(dialer.dial(), pattern, datagrams, static_cast<unsigned>(all.size()));
      opened.begin(now());
      spinner.add(opened);
    }
    for (Exchange* exchange : spinner.poll()) {
      if (exchange->advance()) {
        ++proven;
        progress = now();
      }
      spinner.update(*exchange);
    }
    if (now() > progress + kPatience) {
      fail("no answer for ten seconds: " + std::to_string(proven) + " of " + std::to_string(count) +
           " connections opened");
    }
  }
  return all;
}

}  // namespace bench
