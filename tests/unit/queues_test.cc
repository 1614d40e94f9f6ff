// Ready queue, waiter list, inbox.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <random>
#include <thread>

#include "runtime/base/fd.h"
#include "runtime/base/ready_queue.h"
#include "runtime/loop/inbox.h"
#include "runtime/task/cancel_state.h"
#include "runtime/task/future_state.h"
#include "runtime/task/waiter.h"
#include "tests/unit/support.h"

namespace phaseloop {
namespace {

using testing::Call;
using testing::Note;
using testing::NoteWaiter;

void nothing(Runnable&) noexcept {}
constexpr Runnable::Kind kNothing{nothing, nothing};
struct Item : Runnable {
  Item() : Runnable(kNothing) {}
  int thread = 0, number = 0;
};

void run_all(ReadyQueue& queue) {
  while (!queue.empty()) queue.pop().run();
}

TEST(ReadyQueue, RunsFirstInFirstOut) {
  std::string log;
  Note a(log, "a"), b(log, "b"), c(log, "c");
  ReadyQueue queue;
  EXPECT_TRUE(queue.empty());
  for (Note* note : {&a, &b, &c}) queue.push(*note);
  EXPECT_TRUE(a.linked() && b.linked() && c.linked());
  run_all(queue);
  EXPECT_EQ(log, "abc");
  EXPECT_FALSE(a.linked() || b.linked() || c.linked());
}

TEST(ReadyQueue, TakesAnotherBehindItself) {
  std::string log;
  Note a(log, "a"), b(log, "b"), c(log, "c");
  ReadyQueue queue, other;
  queue.push(a);
  other.push(b);
  other.push(c);
  queue.take(other);
  EXPECT_TRUE(other.empty());
  queue.take(other);
  run_all(queue);
  EXPECT_EQ(log, "abc");
}

TEST(ReadyQueue, DropsWhatIsPushedWhileItDrops) {
  std::string log;
  Note late(log, "late");
  ReadyQueue queue;
  Call pushing([] {});
  pushing.dropped = [&queue, &late] { queue.push(late); };
  queue.push(pushing);
  queue.drop_all();
  EXPECT_EQ(log, "~late");
  EXPECT_TRUE(queue.empty());
}

TEST(WaiterList, AgreesWithAModel) {
  std::mt19937 random(1);
  std::string log;
  std::vector<std::unique_ptr<NoteWaiter>> waiters;
  for (int i = 0; i < 20; ++i) waiters.push_back(std::make_unique<NoteWaiter>(log, "w"));
  WaiterList list;
  std::deque<Waiter*> model;
  for (int round = 0; round < 20'000; ++round) {
    Waiter& waiter = *waiters[random() % waiters.size()];
    const auto at = std::find(model.begin(), model.end(), &waiter);
    if (at == model.end()) {
      list.add(waiter);
      model.push_back(&waiter);
    } else if (random() % 2 == 0) {
      list.remove(waiter);
      model.erase(at);
    } else if (random() % 16 == 0) {
      EXPECT_EQ(&list.pop(), model.front());
      model.pop_front();
    }
    std::deque<Waiter*> walked;
    for (Waiter* w = list.first(); w != nullptr; w = WaiterList::after(*w)) walked.push_back(w);
    ASSERT_EQ(walked, model);
    ASSERT_EQ(list.empty(), model.empty());
  }
}

TEST(WaiterList, BecomesReadyWorkAtOnceAndInOrder) {
  std::string log;
  Note before(log, "before ");
  NoteWaiter a(log, "a"), b(log, "b"), c(log, "c");
  WaiterList list;
  for (NoteWaiter* waiter : {&a, &b, &c}) list.add(*waiter);
  list.remove(b);
  ReadyQueue queue;
  queue.push(before);
  const auto [first, last] = list.release();
  queue.append(*first, *last);
  EXPECT_TRUE(list.empty());
  run_all(queue);
  EXPECT_EQ(log, "before ac");
}

TEST(Inbox, KeepsEachThreadsOrderAndLosesNothing) {
  constexpr int kThreads = 4, kEach = 5'000;
  std::vector<Item> items(kThreads * kEach);
  Inbox inbox;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&inbox, &items, t] {
      for (int i = 0; i < kEach; ++i) {
        Item& item = items[static_cast<std::size_t>(t * kEach + i)];
        item.thread = t;
        item.number = i;
        inbox.push(item);
      }
    });
  }
  std::vector<int> next(kThreads, 0);
  int seen = 0;
  ReadyQueue ready;
  while (seen < kThreads * kEach) {
    inbox.take(ready, SIZE_MAX);
    while (!ready.empty()) {
      auto& item = static_cast<Item&>(ready.pop());
      EXPECT_EQ(item.number, next[static_cast<std::size_t>(item.thread)]++);
      ++seen;
    }
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(inbox.empty());
}

TEST(FutureState, IsPendingUntilItIsDoneOnce) {
  FutureState finished, cancelled;
  EXPECT_TRUE(finished.pending() && !finished.done());
  finished.finish();
  cancelled.cancel();
  EXPECT_TRUE(finished.done() && finished.finished() && !finished.cancelled());
  EXPECT_TRUE(cancelled.done() && cancelled.cancelled() && !cancelled.finished());
  finished.reset();
  EXPECT_TRUE(finished.pending());
}

TEST(CancelState, CountsRequestsAndDeliversOnce) {
  CancelState state;
  EXPECT_EQ(state.retract(true), 0);
  state.request();
  state.deliver_later();
  EXPECT_TRUE(state.must_cancel() && state.take_delivery() && !state.take_delivery());
  state.request();
  state.deliver_later();
  EXPECT_EQ(state.retract(true), 1);
  EXPECT_TRUE(state.must_cancel());
  EXPECT_EQ(state.retract(true), 0);
  EXPECT_FALSE(state.must_cancel());
  state.request();
  state.deliver_later();
  EXPECT_EQ(state.retract(false), 0);
  EXPECT_TRUE(state.must_cancel());
}

TEST(Fd, ClosesOnce) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  Fd reader(ends[0]), writer(ends[1]);
  Fd moved(std::move(writer));
  EXPECT_FALSE(writer.valid());
  moved.close();
  char byte;
  EXPECT_EQ(read(reader.get(), &byte, 1), 0);
  moved.close();
  EXPECT_TRUE(reader.valid());
}

}  // namespace
}  // namespace phaseloop
