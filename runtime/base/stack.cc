#include "runtime/base/stack.h"

#include <pthread.h>

#include <algorithm>
#include <limits>

namespace phaseloop {
namespace {

constexpr std::uintptr_t kUnknown = std::numeric_limits<std::uintptr_t>::max();

}  // namespace

PHASELOOP_EARLY_TLS thread_local constinit Stack::Bounds Stack::bounds_{0, kUnknown};

bool Stack::is_short_indeed() noexcept {
  if (bounds_.reserve != kUnknown) return true;
  bounds_ = {0, 0};
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return false;
  void* low = nullptr;
  std::size_t size = 0, guard = 0;
  const bool known = pthread_attr_getstack(&attributes, &low, &size) == 0 &&
                     pthread_attr_getguardsize(&attributes, &guard) == 0 && size > guard;
  pthread_attr_destroy(&attributes);
  if (!known) return false;
  // Some C libraries count the guard pages among the stack.
  bounds_ = {reinterpret_cast<std::uintptr_t>(low) + guard, std::min(kReserve, (size - guard) / 4)};
  return position() - bounds_.low < bounds_.reserve;
}

}  // namespace phaseloop
