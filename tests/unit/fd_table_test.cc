// The table of descriptors, against a model.
#include "runtime/base/fd_table.h"

#include <gtest/gtest.h>

#include <climits>
#include <map>
#include <random>

namespace phaseloop {
namespace {

TEST(FdTable, AnEmptyTableKnowsNoNumber) {
  FdTable<int> table;
  for (int fd : {-1, 0, 5, INT_MAX}) EXPECT_EQ(table.find(fd), nullptr);
  table.set(7, nullptr);
  table.for_each([](int&) { FAIL(); });
}

TEST(FdTable, SparseNumbersTakeNoRoomForTheOnesBelow) {
  FdTable<int> table;
  int low = 0, high = 0;
  ASSERT_TRUE(table.reserve(INT_MAX));
  ASSERT_TRUE(table.reserve(3));
  table.set(INT_MAX, &high);
  table.set(3, &low);
  EXPECT_EQ(table.find(INT_MAX), &high);
  EXPECT_EQ(table.find(3), &low);
  EXPECT_EQ(table.find(INT_MAX - 1), nullptr);
}

TEST(FdTable, AgreesWithAModel) {
  std::mt19937 random(7);
  FdTable<int> table;
  std::map<int, int*> model;
  int values[64];
  for (int step = 0; step < 20'000; ++step) {
    // Dense numbers, and some that differ in their high bits alone.
    int fd = static_cast<int>(random() % 300);
    if (random() % 4 == 0) fd += static_cast<int>(random() % 16) << 27;
    if (random() % 3 == 0) {
      table.set(fd, nullptr);
      model.erase(fd);
    } else {
      ASSERT_TRUE(table.reserve(fd));
      int* value = &values[random() % 64];
      table.set(fd, value);
      model[fd] = value;
    }
    const auto known = model.find(fd);
    ASSERT_EQ(table.find(fd), known == model.end() ? nullptr : known->second);
  }
  std::size_t count = 0;
  table.for_each([&](int&) { ++count; });
  EXPECT_EQ(count, model.size());
  for (const auto& [fd, value] : model) EXPECT_EQ(table.find(fd), value);
  table.clear();
  EXPECT_EQ(table.find(1), nullptr);
}

}  // namespace
}  // namespace phaseloop
