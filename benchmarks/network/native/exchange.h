// One message out and back over one connection, checked byte for byte; and a crew of connections
// that are watched together without ever sleeping.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "benchmarks/network/native/stream.h"

namespace bench {

// Random bytes, of which each message is a piece that begins elsewhere: consecutive messages
// differ, so an old one in place of a new one is noticed, and none has to be made up while the
// clock runs.
class Pattern {
 public:
  explicit Pattern(std::size_t size);

  const char* message(std::uint64_t number) const { return &bytes_[number % kShifts]; }
  std::size_t size() const { return bytes_.size() - kShifts; }

 private:
  static constexpr std::size_t kShifts = 1021;
  std::string bytes_;
};

class Exchange {
 public:
  Exchange(std::unique_ptr<Stream> stream, const Pattern& pattern, bool datagrams, unsigned number)
      : stream_(std::move(stream)),
        pattern_(&pattern),
        datagrams_(datagrams),
        message_(number * 31u) {}

  // Takes the next message. It is `time` from which its latency counts.
  void begin(Nanoseconds time);

  // Moves what can be moved now; true when the message is back, whole and unchanged. Fails if
  // anything else came back.
  bool advance();

  bool idle() const { return received_ == pattern_->size(); }
  bool waits_to_write() const { return waits_to_write_; }
  Nanoseconds begun() const { return begun_; }
  int fd() const { return stream_->fd(); }

 private:
  void send_rest();
  void check(const char* bytes, std::size_t count) const;

  std::unique_ptr<Stream> stream_;
  const Pattern* pattern_;
  bool datagrams_;
  bool waits_to_write_ = false;
  std::uint64_t message_;
  std::size_t sent_ = 0;
  std::size_t received_ = 0;
  Nanoseconds begun_ = 0;
};

// Watches exchanges with one epoll, polled and never slept on.
class Spinner {
 public:
  Spinner();

  void add(Exchange& exchange);

  // After begin() or advance(): watches for room to write only while there is something to write.
  void update(Exchange& exchange);

  // The next exchanges with something to do; valid until the next call.
  const std::vector<Exchange*>& poll();

 private:
  void control(int operation, Exchange& exchange, bool write);

  Fd epoll_;
  std::vector<Exchange*> ready_;
  std::vector<bool> writing_;  // by descriptor
};

// So many connections, each proven by a message out and back. Few are opened at a time: the queue
// of a server that listens is short, and what does not fit waits for a second.
std::vector<Exchange> open_all(Dialer& dialer, const Pattern& pattern, bool datagrams,
                               std::size_t count, Spinner& spinner);

}  // namespace bench
