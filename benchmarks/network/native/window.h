// The measured stretch of a run: what was done in it, how long each took, and the report.
// With Options::hold it begins and ends on demand, so that a tracer sees nothing but the stretch.
#pragma once

#include <cstdint>
#include <vector>

#include "benchmarks/network/native/options.h"

namespace bench {

// Without Options::hold these two do nothing. The first says that all is ready and waits for a line
// on standard input; the other, once all is reported, waits for its end.
void hold_start(const Options& options);
void hold_end(const Options& options);

// Starts with the warm-up, of which nothing counts. tick() moves it on and is to be called all the
// time. With Options::operations there is no warm-up and the number ends it.
class Window {
 public:
  explicit Window(const Options& options);

  bool over() const { return over_; }

  // May another operation begin? Says no once as many have as were asked for.
  bool admit();

  // An operation that began at `begun` is done.
  void count(Nanoseconds begun, Nanoseconds ended, std::uint64_t bytes);

  // Fails if nothing was done for many seconds: the server hangs, or a datagram is lost.
  void tick(Nanoseconds time);

  // One line of JSON on standard output, and hold_end().
  void report();

 private:
  void open(Nanoseconds time);
  void close(Nanoseconds time);
  Nanoseconds latency(double share);

  const Options& options_;
  bool open_ = false;
  bool over_ = false;
  Nanoseconds start_ = 0;
  Nanoseconds end_ = 0;
  Nanoseconds cpu_ = 0;
  Nanoseconds progress_ = 0;
  std::uint64_t admitted_ = 0;
  std::uint64_t operations_ = 0;
  std::uint64_t bytes_ = 0;
  std::vector<std::uint32_t> latencies_;  // nanoseconds; four seconds at most
};

}  // namespace bench
