// The timer heap, alone and against a model.
#include "runtime/loop/timer_heap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>

#include "tests/unit/support.h"

namespace phaseloop {
namespace {

using testing::NoteTimer;

Instant at(std::int64_t ns) { return Instant(Duration(ns)); }

TEST(TimerHeap, FiresByDeadlineAndTiesInArmingOrder) {
  std::string log;
  NoteTimer a(log, "a"), b(log, "b"), c(log, "c"), d(log, "d");
  TimerHeap heap;
  ASSERT_TRUE(heap.arm(c, at(20)) && heap.arm(a, at(10)) && heap.arm(b, at(10)));
  ASSERT_TRUE(heap.arm(d, at(30)));
  EXPECT_EQ(heap.next_deadline(), at(10));
  ReadyQueue ready;
  heap.expire(at(9), ready);
  EXPECT_TRUE(ready.empty());
  heap.expire(at(20), ready);
  while (!ready.empty()) ready.pop().run();
  EXPECT_EQ(log, "abc");
  EXPECT_TRUE(d.armed() && !a.armed());
  EXPECT_EQ(heap.next_deadline(), at(30));
  heap.disarm(d);
  EXPECT_TRUE(heap.empty());
  EXPECT_EQ(heap.next_deadline(), std::nullopt);
}

// Arms another timer when it is dropped.
struct Arming : Timer {
  Arming(TimerHeap& own_heap, NoteTimer& own_other)
      : Timer(kArming), heap(own_heap), other(own_other) {}
  static void run_it(Runnable&) noexcept {}
  static void drop_it(Runnable& work) noexcept {
    auto& self = static_cast<Arming&>(static_cast<Timer&>(work));
    EXPECT_TRUE(self.heap.arm(self.other, at(5)));
  }
  static constexpr Runnable::Kind kArming{run_it, drop_it};
  TimerHeap& heap;
  NoteTimer& other;
};

struct Model {
  struct Entry {
    std::int64_t deadline;
    int order;
    NoteTimer* timer;
  };
  std::vector<Entry> entries;
  int order = 0;

  void arm(NoteTimer& timer, std::int64_t deadline) {
    entries.push_back({deadline, order++, &timer});
  }
  void disarm(NoteTimer& timer) {
    std::erase_if(entries, [&](const Entry& e) { return e.timer == &timer; });
  }
  std::vector<NoteTimer*> expire(std::int64_t now) {
    std::stable_sort(entries.begin(), entries.end(),
                     [](const Entry& x, const Entry& y) { return x.deadline < y.deadline; });
    std::vector<NoteTimer*> due;
    while (!entries.empty() && entries.front().deadline <= now) {
      due.push_back(entries.front().timer);
      entries.erase(entries.begin());
    }
    return due;
  }
};

TEST(TimerHeap, AgreesWithAModel) {
  std::mt19937 random(7);
  std::string log;
  std::vector<std::unique_ptr<NoteTimer>> timers;
  for (int i = 0; i < 400; ++i) timers.push_back(std::make_unique<NoteTimer>(log, ""));
  TimerHeap heap;
  Model model;
  std::int64_t now = 0;
  for (int round = 0; round < 40'000; ++round) {
    NoteTimer& timer = *timers[random() % timers.size()];
    const auto what = random() % 100;
    if (!timer.armed() && what < 60) {
      const std::int64_t deadline = now + static_cast<std::int64_t>(random() % 50);
      ASSERT_TRUE(heap.arm(timer, at(deadline)));
      model.arm(timer, deadline);
    } else if (timer.armed() && what < 90) {
      heap.disarm(timer);
      model.disarm(timer);
    } else if (what >= 97) {
      now += static_cast<std::int64_t>(random() % 20);
      ReadyQueue ready;
      heap.expire(at(now), ready);
      std::vector<NoteTimer*> fired;
      while (!ready.empty()) {
        fired.push_back(static_cast<NoteTimer*>(static_cast<Timer*>(&ready.pop())));
      }
      ASSERT_EQ(fired, model.expire(now));
    }
    ASSERT_EQ(heap.empty(), model.entries.empty());
  }
}

TEST(TimerHeap, SweepsDisarmedTimersAndReusesTheirPlaces) {
  std::string log;
  std::vector<std::unique_ptr<NoteTimer>> timers;
  TimerHeap heap;
  for (int i = 0; i < 1'000; ++i) {
    timers.push_back(std::make_unique<NoteTimer>(log, std::to_string(i) + " "));
    ASSERT_TRUE(heap.arm(*timers.back(), at(1'000 - i)));
  }
  for (int i = 0; i < 1'000; ++i) {
    if (i % 100 != 0) heap.disarm(*timers[static_cast<std::size_t>(i)]);
  }
  int left = 0;
  heap.for_each([&left](Timer&) { ++left; });
  EXPECT_EQ(left, 10);
  ReadyQueue ready;
  heap.expire(at(1'000), ready);
  while (!ready.empty()) ready.pop().run();
  EXPECT_EQ(log, "900 800 700 600 500 400 300 200 100 0 ");
}

TEST(TimerHeap, DropsWhatIsArmedWhileItDrops) {
  std::string log;
  NoteTimer late(log, "late");
  TimerHeap heap;
  Arming arming(heap, late);
  ASSERT_TRUE(heap.arm(arming, at(1)));
  heap.drop_all();
  EXPECT_EQ(log, "~late");
  EXPECT_TRUE(heap.empty());
}

}  // namespace
}  // namespace phaseloop
