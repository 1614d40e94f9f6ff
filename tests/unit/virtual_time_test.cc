#include "runtime/poll/virtual_time.h"

#include <gtest/gtest.h>

#include "tests/unit/support.h"

namespace phaseloop {
namespace {

using std::chrono::seconds;
using testing::Call;
using testing::World;

TEST(VirtualTime, JumpsToTheDeadlineWhenNothingHappens) {
  World world;
  VirtualTime time(world);
  EXPECT_TRUE(time.wait(seconds(3600)).ok());
  EXPECT_EQ(time.now(), Instant(seconds(3600)));
  EXPECT_EQ(world.last_timeout, Duration::zero());
}

TEST(VirtualTime, StandsWhileThereIsSomethingToDo) {
  World world;
  VirtualTime time(world);
  Call work([] {});
  world.arrive(work);
  EXPECT_TRUE(time.wait(seconds(1)).ok());
  EXPECT_EQ(time.now(), Instant());
  ReadyQueue ready;
  EXPECT_EQ(time.dispatch(ready), 1u);
  ready.drop_all();
}

TEST(VirtualTime, WaitsForEventsIfThereIsNoDeadline) {
  World world;
  VirtualTime time(world);
  world.wake();
  EXPECT_TRUE(time.wait(std::nullopt).ok());
  EXPECT_EQ(world.last_timeout, std::nullopt);
  EXPECT_EQ(time.now(), Instant());
}

}  // namespace
}  // namespace phaseloop
