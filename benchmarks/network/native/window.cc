#include "benchmarks/network/native/window.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <limits>

namespace bench {
namespace {

constexpr Nanoseconds kPatience = 10'000'000'000;

Nanoseconds nanoseconds(double seconds) { return static_cast<Nanoseconds>(seconds * 1e9); }
double in_seconds(Nanoseconds time) { return static_cast<double>(time) / 1e9; }

}  // namespace

void hold_start(const Options& options) {
  if (!options.hold) return;
  std::puts("OPEN");
  std::fflush(stdout);
  char line;
  if (read(STDIN_FILENO, &line, 1) != 1) fail("standard input ended before the start");
}

void hold_end(const Options& options) {
  char ignored;
  while (options.hold && read(STDIN_FILENO, &ignored, 1) > 0) {
  }
}

Window::Window(const Options& options) : options_(options) {
  hold_start(options);
  progress_ = now();
  latencies_.reserve(1 << 22);  // so that growing it never stops the load
  start_ = progress_;
  if (options.operations) {
    open(progress_);
  } else {
    start_ += nanoseconds(options.warmup);
  }
}

bool Window::admit() {
  if (options_.operations == 0) return true;
  return admitted_++ < options_.operations;
}

void Window::count(Nanoseconds begun, Nanoseconds ended, std::uint64_t bytes) {
  progress_ = ended;
  if (!open_ || over_) return;
  ++operations_;
  bytes_ += bytes;
  constexpr Nanoseconds kMost = std::numeric_limits<std::uint32_t>::max();
  latencies_.push_back(static_cast<std::uint32_t>(std::min(ended - begun, kMost)));
  if (operations_ == options_.operations) close(ended);
}

void Window::tick(Nanoseconds time) {
  if (over_) return;
  if (time > progress_ + kPatience) fail("no answer for ten seconds");
  if (!open_) {
    if (time >= start_) open(time);
  } else if (options_.operations == 0 && time >= start_ + nanoseconds(options_.seconds)) {
    close(time);
  }
}

void Window::open(Nanoseconds time) {
  open_ = true;
  start_ = time;
  cpu_ = cpu_time(options_.process);
}

void Window::close(Nanoseconds time) {
  over_ = true;
  end_ = time;
  cpu_ = cpu_time(options_.process) - cpu_;
}

Nanoseconds Window::latency(double share) {
  const auto rank = static_cast<std::ptrdiff_t>(share * static_cast<double>(latencies_.size() - 1));
  const auto found = latencies_.begin() + rank;
  std::nth_element(latencies_.begin(), found, latencies_.end());
  return *found;
}

void Window::report() {
  if (operations_ == 0) fail("nothing was done in the measured time");
  std::printf(
      "{\"operations\": %llu, \"wall\": %.9f, \"cpu\": %.9f, \"latency_p50\": %.9f, "
      "\"latency_p99\": %.9f, \"bytes\": %llu}\n",
      static_cast<unsigned long long>(operations_), in_seconds(end_ - start_), in_seconds(cpu_),
      in_seconds(latency(0.50)), in_seconds(latency(0.99)),
      static_cast<unsigned long long>(bytes_));
  std::fflush(stdout);
  hold_end(options_);
}

}  // namespace bench
