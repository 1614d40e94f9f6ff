// What every tool here needs of the system: failing, clocks, descriptors, cores.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace bench {

// Says why on standard error and ends the process with status 1. These are small tools that can do
// nothing useful after an error, so none is handed on.
[[noreturn]] void fail(const std::string& why);
[[noreturn]] void fail_errno(const std::string& what);

// The name in front of every error; main() sets it.
void set_program(const char* name);

using Nanoseconds = std::uint64_t;

Nanoseconds now();

// User and system time of another process, all its threads, to the nanosecond: /proc has only
// hundredths of a second. 0 for process 0.
Nanoseconds cpu_time(int process);

void pin_to_core(int core);

// As many open files as the limit of the system allows.
void raise_file_limit();

// A descriptor that closes itself.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd();

  int get() const { return fd_; }

 private:
  int fd_ = -1;
};

}  // namespace bench
