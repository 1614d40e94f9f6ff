// The outcome of an operating system call: success, or the errno it failed with.
// Below the CPython line errors are values; nothing throws.
#pragma once

#include <cerrno>

namespace phaseloop {

class [[nodiscard]] Status {
 public:
  constexpr Status() noexcept = default;
  static constexpr Status failure(int error) noexcept { return Status(error); }
  // From a call that returns a negative number and sets errno when it fails.
  static Status of(int result) noexcept { return Status(result < 0 ? errno : 0); }

  constexpr bool ok() const noexcept { return error_ == 0; }
  constexpr int error() const noexcept { return error_; }

 private:
  explicit constexpr Status(int error) noexcept : error_(error) {}
  int error_ = 0;
};

}  // namespace phaseloop
