// The loop's iteration under a virtual clock, and its bounds on lateness.
#include "runtime/loop/event_loop.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "runtime/poll/epoll_poller.h"
#include "tests/unit/support.h"

namespace phaseloop {
namespace {

using namespace std::chrono_literals;
using testing::Call;
using testing::Note;
using testing::NoteTimer;
using testing::World;

TEST(EventLoop, RunsOnlyWhatWasReadyWhenTheIterationBegan) {
  World world;
  EventLoop loop(world, world);
  std::string log;
  Note a(log, "a"), nested(log, "nested");
  Call schedules([&] {
    log += "schedules ";
    loop.call_soon(nested);
  });
  loop.call_soon(schedules);
  loop.call_soon(a);
  loop.run_once();
  EXPECT_EQ(log, "schedules a");
  loop.run_once();
  EXPECT_EQ(log, "schedules anested");
}

TEST(EventLoop, LeavesManyEventsTimeToSettle) {
  World world;
  EventLoop loop(world, world);
  std::string log;
  world.watched_fds = 1;
  std::vector<std::unique_ptr<Note>> events;
  const auto arrive = [&](std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      events.push_back(std::make_unique<Note>(log, "."));
      world.arrive(*events.back());
    }
  };
  Call forever([&] { loop.call_soon(forever); });
  loop.call_soon(forever);
  const auto polls_after = [&](std::size_t count) {
    arrive(count);
    const int before = world.asked;
    for (int i = 0; i <= EventLoop::kSettlingIterations; ++i) loop.run_once();
    return world.asked - before;
  };
  EXPECT_EQ(polls_after(EventLoop::kManyEvents - 1), 1 + EventLoop::kSettlingIterations);
  EXPECT_EQ(polls_after(EventLoop::kManyEvents), 1);
  loop.run_once();
  EXPECT_EQ(log.size(), 2 * EventLoop::kManyEvents - 1);
  // The last iteration of a run asks in any case.
  arrive(EventLoop::kManyEvents);
  loop.run_once();
  const int before = world.asked;
  loop.stop();
  loop.run_once();
  EXPECT_EQ(world.asked, before + 1);
  loop.drop_all();
}

TEST(EventLoop, RunsWhatWasPutOffAtTheEndOfTheIteration) {
  World world;
  EventLoop loop(world, world);
  std::string log;
  Note put_off(log, "put off "), last(log, "last "), next(log, "next ");
  Call puts_off([&] {
    loop.call_soon(next);
    loop.call_at_end(put_off);
  });
  loop.call_soon(puts_off);
  loop.call_soon(last);
  loop.run_once();
  EXPECT_EQ(log, "last put off ");
  loop.run_once();
  EXPECT_EQ(log, "last put off next ");
}

TEST(EventLoop, RunsWhatWasPutOffWhileItWasNotRunningBeforeItSleeps) {
  World world;
  EventLoop loop(world, world);
  std::string log;
  Note put_off(log, "put off ");
  loop.call_at_end(put_off);
  world.last_timeout = Duration(-1);
  loop.stop();
  loop.run_once();
  EXPECT_EQ(log, "put off ");
}

TEST(EventLoop, PutsEventsBeforeTimersAndBothBehindWhatWasReady) {
  World world;
  EventLoop loop(world, world);
  std::string log;
  Note ready(log, "ready "), event(log, "event ");
  NoteTimer timer(log, "timer ");
  world.watched_fds = 1;
  ASSERT_TRUE(loop.call_at(timer, loop.now()));
  loop.call_soon(ready);
  world.arrive(event);
  loop.run_once();
  EXPECT_EQ(log, "ready event timer ");
}

TEST(EventLoop, SleepsToTheNextDeadlineAndNeverFiresEarly) {
  World world;
  EventLoop loop(world, world);
  std::string log;
  NoteTimer soon(log, "soon "), later(log, "later ");
  ASSERT_TRUE(loop.call_at(later, loop.now() + 24h) && loop.call_at(soon, loop.now() + 1h));
  loop.run_once();
  EXPECT_EQ(world.last_timeout, Duration(1h));
  EXPECT_EQ(log, "soon ");
  loop.run_once();
  EXPECT_EQ(log, "soon later ");
  EXPECT_EQ(world.now() - Instant{}, 24h);
}

TEST(EventLoop, DoesNotAskThePollerWhileWorkIsReadyAndNothingIsWatched) {
  World world;
  EventLoop loop(world, world);
  Call again([&loop, &again] { loop.call_soon(again); });
  loop.call_soon(again);
  for (int i = 0; i < 100; ++i) loop.run_once();
  EXPECT_EQ(world.asked, 0);
  loop.drop_all();
}

// However much work is ready, an event is dispatched within the interval and one iteration.
TEST(EventLoop, NoticesEventsWithinTheBoundUnderAFlood) {
  World world;
  EventLoop loop(world, world);
  world.watched_fds = 250;
  constexpr Duration kStep = 10us;
  Call again([&] {
    world.pass(kStep);
    loop.call_soon(again);
  });
  loop.call_soon(again);
  loop.begin_run();
  for (int i = 0; i < EventLoop::kEagerPolls; ++i) loop.run_once();
  EXPECT_EQ(world.asked, EventLoop::kEagerPolls);
  for (int i = 0; i < 1'000; ++i) loop.run_once();
  // Then only every kPollInterval.
  EXPECT_LE(world.asked, EventLoop::kEagerPolls + 1'000 * kStep / EventLoop::kPollInterval + 1);
  std::optional<Instant> seen;
  Call event([&] { seen = world.now(); });
  const Instant arrived = world.now();
  world.arrive(event);
  while (!seen) loop.run_once();
  EXPECT_LE(*seen - arrived, EventLoop::kPollInterval + 2 * kStep);
  // Something happened: look again in each of the next iterations.
  const int asked = world.asked;
  for (int i = 0; i < EventLoop::kEagerPolls; ++i) loop.run_once();
  EXPECT_EQ(world.asked, asked + EventLoop::kEagerPolls);
  loop.drop_all();
}

TEST(EventLoop, NoticesTimersWithinOneIterationUnderAFlood) {
  World world;
  EventLoop loop(world, world);
  std::string log;
  NoteTimer timer(log, "timer");
  ASSERT_TRUE(loop.call_at(timer, loop.now() + 1ms));
  Call again([&] {
    world.pass(100us);
    loop.call_soon(again);
  });
  loop.call_soon(again);
  for (int i = 0; i < 10; ++i) loop.run_once();
  EXPECT_EQ(log, "");
  loop.run_once();
  EXPECT_EQ(log, "timer");
  loop.drop_all();
}

TEST(EventLoop, KeepsTheRestFirstWhenInterrupted) {
  World world;
  EventLoop loop(world, world);
  std::string log;
  Note a(log, "a"), b(log, "b"), late(log, "late");
  Call interrupts([&] {
    loop.call_soon(late);
    loop.interrupt();
  });
  loop.call_soon(a);
  loop.call_soon(interrupts);
  loop.call_soon(b);
  loop.run_once();
  EXPECT_EQ(log, "a");
  loop.run_once();
  EXPECT_EQ(log, "ablate");
}

TEST(EventLoop, RunsPostedWorkInOrderWithItsOwn) {
  World world;
  EventLoop loop(world, world);
  std::string log;
  Note a(log, "a"), b(log, "b"), c(log, "c");
  loop.call_soon(a);
  loop.post(b);
  loop.call_soon(c);
  loop.run_once();
  EXPECT_EQ(log, "abc");
}

TEST(EventLoop, IsWokenFromAnotherThread) {
  EpollPoller poller;
  ASSERT_TRUE(poller.open().ok());
  SystemClock clock;
  EventLoop loop(poller, clock);
  std::string log;
  Note posted(log, "posted");
  std::thread thread([&loop, &posted] {
    std::this_thread::sleep_for(20ms);
    loop.post(posted);
  });
  while (log.empty()) loop.run_once();  // sleeps without a limit: only the post ends it
  thread.join();
  EXPECT_EQ(log, "posted");
}

TEST(EventLoop, DropsEverythingItHolds) {
  World world;
  EventLoop loop(world, world);
  std::string log;
  Note a(log, "a"), b(log, "b");
  NoteTimer timer(log, "timer");
  loop.call_soon(a);
  loop.post(b);
  ASSERT_TRUE(loop.call_at(timer, loop.now() + 1h));
  int held = 0;
  loop.for_each_scheduled([&held](Runnable&) { ++held; });
  EXPECT_EQ(held, 3);
  loop.drop_all();
  EXPECT_EQ(log, "~a~timer~b");
}

TEST(EventLoop, ShowsEachPieceOfWorkToTheObserver) {
  struct Counting final : EventLoop::Observer {
    void run(Runnable& work) noexcept override {
      ++count;
      work.run();
    }
    int count = 0;
  } observer;
  World world;
  EventLoop loop(world, world);
  std::string log;
  Note a(log, "a"), b(log, "b");
  loop.observe(&observer);
  loop.call_soon(a);
  loop.call_soon(b);
  loop.run_once();
  EXPECT_EQ(observer.count, 2);
  EXPECT_EQ(log, "ab");
}

// A thread that posts without end, as the loop sees it: there is always more.
struct Flood {
  Flood(EventLoop& own_loop, std::size_t at_first) : loop(own_loop) { post(at_first); }
  void post(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      posted.push_back(std::make_unique<Call>([this] { on_run(); }));
      loop.post(*posted.back());
    }
  }
  EventLoop& loop;
  std::function<void()> on_run = [] {};
  std::vector<std::unique_ptr<Call>> posted;
};

TEST(EventLoop, RunsATimerAfterOnePortionOfWhatOtherThreadsPost) {
  World world;
  EventLoop loop(world, world);
  std::size_t ran = 0;
  Flood flood(loop, 100'000);
  flood.on_run = [&] {
    ++ran;
    flood.post(2);
  };
  std::size_t ran_before_timer = 0;
  std::string log;
  for (int round = 0; round < 20; ++round) {
    NoteTimer timer(log, "t");
    ASSERT_TRUE(loop.call_at(timer, world.now()));
    const std::size_t before = ran;
    log.clear();
    loop.run_once();
    ran_before_timer = ran - before;
    EXPECT_EQ(log, "t");
    EXPECT_GT(ran_before_timer, 0u);
    EXPECT_LE(ran_before_timer, EventLoop::kPortionMax);
  }
  loop.drop_all();
}

TEST(EventLoop, AsksThePollerBetweenPortions) {
  World world;
  world.watched_fds = 1;
  EventLoop loop(world, world);
  Flood flood(loop, 50'000);
  std::string log;
  for (int round = 0; round < 10; ++round) {
    Note readable(log, "r");
    world.pass(EventLoop::kPollInterval);
    world.arrive(readable);
    log.clear();
    loop.run_once();
    EXPECT_EQ(log, "r");
  }
  loop.drop_all();
}

TEST(EventLoop, TakesSmallerPortionsOfSlowWork) {
  World world;
  EventLoop loop(world, world);
  std::size_t ran = 0;
  Flood flood(loop, 20'000);
  flood.on_run = [&] {
    ++ran;
    world.pass(1ms);
  };
  loop.run_once();
  EXPECT_LE(ran, EventLoop::kPortionFirst);
  ran = 0;
  loop.run_once();
  EXPECT_EQ(ran, EventLoop::kPortionMin);
  // As it gets faster they grow again, and never beyond the bound.
  flood.on_run = [&] { ++ran; };
  std::size_t most = 0;
  for (int i = 0; i < 12; ++i) {
    ran = 0;
    loop.run_once();
    most = std::max(most, ran);
  }
  EXPECT_EQ(most, EventLoop::kPortionMax);
  loop.drop_all();
}

TEST(EventLoop, KeepsTheOrderOfWhatItSchedulesBehindAFlood) {
  World world;
  EventLoop loop(world, world);
  std::string log;
  std::vector<std::unique_ptr<Note>> posted;
  for (int i = 0; i < 3000; ++i) {
    posted.push_back(std::make_unique<Note>(log, "p"));
    loop.post(*posted.back());
  }
  Note own(log, "o"), last(log, "l");
  Call schedules([&] {
    log += "s";
    loop.post(last);
  });
  loop.call_soon(schedules);
  loop.call_soon(own);
  while (log.find('l') == std::string::npos) loop.run_once();
  EXPECT_EQ(log, std::string(3000, 'p') + "sol");
}

TEST(EventLoop, DoesInItsLastIterationWhatWasPostedBefore) {
  World world;
  EventLoop loop(world, world);
  std::size_t ran = 0;
  Flood flood(loop, 5'000);
  flood.on_run = [&] { ++ran; };
  loop.stop();
  loop.run_once();
  EXPECT_EQ(ran, 5'000u);
}

TEST(EventLoop, TellsAThreadThatPostsTooMuchOnceAsLongAsTheLoopIsBlocked) {
  World world;
  EventLoop loop(world, world);
  Flood flood(loop, EventLoop::kPortionFirst * EventLoop::kPortionsWaiting);
  EXPECT_FALSE(loop.crowded());
  flood.post(1);
  EXPECT_TRUE(loop.crowded());
  loop.wait_for_room();  // in vain
  flood.post(1000);
  EXPECT_FALSE(loop.crowded());
  loop.run_once();
  flood.post(EventLoop::kPortionMax * EventLoop::kPortionsWaiting);
  EXPECT_TRUE(loop.crowded());
  loop.drop_all();
  EXPECT_FALSE(loop.crowded());
}

TEST(EventLoop, AThreadThatWaitsGoesOnWhenTheLoopHasCaughtUp) {
  World world;
  EventLoop loop(world, world);
  std::atomic<std::size_t> ran{0};
  Flood flood(loop, EventLoop::kPortionMax * EventLoop::kPortionsWaiting * 3);
  flood.on_run = [&] { ++ran; };
  std::thread poster([&] {
    while (loop.crowded()) loop.wait_for_room();
  });
  while (ran < flood.posted.size()) loop.run_once();
  poster.join();
}

TEST(EventLoop, DropsALargeBacklogAndWhatComesMeanwhile) {
  World world;
  EventLoop loop(world, world);
  std::size_t dropped = 0;
  Flood flood(loop, 100'000);
  Call late([] {});
  late.dropped = [&] { ++dropped; };
  for (auto& each : flood.posted) each->dropped = [&] { ++dropped; };
  flood.posted[70'000]->dropped = [&] {
    ++dropped;
    loop.call_soon(late);
  };
  loop.run_once();
  const std::size_t ran = EventLoop::kPortionFirst;
  loop.drop_all();
  EXPECT_EQ(dropped, 100'001u - ran);
  std::size_t left = 0;
  loop.for_each_scheduled([&](Runnable&) { ++left; });
  EXPECT_EQ(left, 0u);
}

}  // namespace
}  // namespace phaseloop
