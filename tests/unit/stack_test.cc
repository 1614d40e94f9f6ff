#include "runtime/base/stack.h"

#include <gtest/gtest.h>
#include <pthread.h>

namespace phaseloop {
namespace {

constexpr std::size_t kSmall = std::size_t{256} << 10;

// How many bytes of the stack a recursion takes that ends when little is left, or at `limit`.
[[gnu::noinline]] std::size_t descend(std::uintptr_t start, std::size_t limit) {
  volatile char room[512] = {};
  const std::size_t taken = start - Stack::position();
  if (Stack::is_short() || taken > limit) return taken;
  const std::size_t deepest = descend(start, limit);
  room[0] = 1;
  return deepest + static_cast<std::size_t>(room[1]);
}

void* descend_to_the_end(void*) {
  return reinterpret_cast<void*>(descend(Stack::position(), kSmall));
}

TEST(Stack, IsNotShortAtFirst) { EXPECT_FALSE(Stack::is_short()); }

TEST(Stack, OfASmallThreadIsShortBeforeItsEnd) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "ThreadSanitizer's own thread-local storage lies on the stack and is most of it";
#endif
  pthread_attr_t attributes;
  ASSERT_EQ(pthread_attr_init(&attributes), 0);
  ASSERT_EQ(pthread_attr_setstacksize(&attributes, kSmall), 0);
  pthread_t thread;
  ASSERT_EQ(pthread_create(&thread, &attributes, descend_to_the_end, nullptr), 0);
  void* taken = nullptr;
  ASSERT_EQ(pthread_join(thread, &taken), 0);
  pthread_attr_destroy(&attributes);
  EXPECT_GT(reinterpret_cast<std::size_t>(taken), kSmall / 2);
  EXPECT_LT(reinterpret_cast<std::size_t>(taken), kSmall * 7 / 8);
}

}  // namespace
}  // namespace phaseloop
