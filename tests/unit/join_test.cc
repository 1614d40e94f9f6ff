#include "runtime/task/join.h"

#include <gtest/gtest.h>

namespace phaseloop {
namespace {

TEST(Join, AllCompletedIsSatisfiedByTheLast) {
  Join join(3, Join::Until::all_completed);
  EXPECT_FALSE(join.arrive(false));
  EXPECT_FALSE(join.arrive(true));
  EXPECT_EQ(join.remaining(), 1u);
  EXPECT_TRUE(join.arrive(false));
}

TEST(Join, FirstCompletedIsSatisfiedByAny) {
  Join join(3, Join::Until::first_completed);
  EXPECT_TRUE(join.arrive(false));
}

TEST(Join, FirstExceptionIsSatisfiedByAFailureOrByTheLast) {
  Join failing(3, Join::Until::first_exception);
  EXPECT_FALSE(failing.arrive(false));
  EXPECT_TRUE(failing.arrive(true));
  Join succeeding(2, Join::Until::first_exception);
  EXPECT_FALSE(succeeding.arrive(false));
  EXPECT_TRUE(succeeding.arrive(false));
}

TEST(Join, StaysSatisfiedWhateverArrivesLater) {
  Join join(4, Join::Until::first_exception);
  EXPECT_TRUE(join.arrive(true));
  EXPECT_TRUE(join.arrive(false));
  EXPECT_TRUE(join.arrive(false));
  EXPECT_EQ(join.remaining(), 1u);
}

}  // namespace
}  // namespace phaseloop
