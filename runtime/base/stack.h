// How much of the thread's stack is left, for code that calls itself to a depth that others choose.
//
// CPython counts calls before 3.14, whatever the size of the stack: on a thread with 256 KiB of it
// native code has to look for itself. Thread: any; each looks at its own stack. The first look in a
// thread asks the system for the bounds, later ones compare two numbers.
#pragma once

#include <cstddef>
#include <cstdint>

#ifdef __GLIBC__
// A few bytes that every thread has from its start: no call to find them.
#define PHASELOOP_EARLY_TLS [[gnu::tls_model("initial-exec")]]
#else
#define PHASELOOP_EARLY_TLS
#endif

namespace phaseloop {

class Stack {
 public:
  // Less is left than may be needed by what does not look. False where the bounds are not known,
  // and on a stack that is not the thread's own (a fiber's).
  [[nodiscard]] static bool is_short() noexcept {
    return position() - bounds_.low < bounds_.reserve && is_short_indeed();
  }
  // Grows smaller with each call.
  [[gnu::always_inline]] static std::uintptr_t position() noexcept {
    return reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  }
  // What is kept free: a quarter of a small stack, and this much of others.
  static constexpr std::size_t kReserve = std::size_t{128} << 10;

 private:
  struct Bounds {
    std::uintptr_t low;      // the lowest address
    std::uintptr_t reserve;  // from there on; the largest number: not looked up yet
  };
  static bool is_short_indeed() noexcept;

  PHASELOOP_EARLY_TLS static thread_local constinit Bounds bounds_;
};

}  // namespace phaseloop
