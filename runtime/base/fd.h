// An owned file descriptor: closed exactly once, by the destructor or close().
#pragma once

#include <unistd.h>

#include <utility>

namespace phaseloop {

class Fd {
 public:
  constexpr Fd() noexcept = default;
  explicit constexpr Fd(int fd) noexcept : fd_(fd) {}  // takes it; -1 stands for none
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    Fd old(std::exchange(fd_, std::exchange(other.fd_, -1)));
    return *this;
  }
  ~Fd() { close(); }

  int get() const noexcept { return fd_; }
  bool valid() const noexcept { return fd_ >= 0; }
  // An error of close(2) is of no use to anybody here: the descriptor is gone in any case.
  void close() noexcept {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
};

}  // namespace phaseloop
