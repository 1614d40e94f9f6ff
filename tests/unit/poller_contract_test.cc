// What every poller promises. A further one is added to Pollers below.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <memory>
#include <thread>
#include <vector>

#include "runtime/base/fd.h"
#include "runtime/poll/epoll_poller.h"
#include "tests/unit/support.h"

namespace phaseloop {
namespace {

using namespace std::chrono_literals;
using testing::Note;

template <class P>
class PollerContract : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(poller.open().ok());
    int fds[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    here = Fd(fds[0]);
    there = Fd(fds[1]);
    watch.fd = here.get();
    watch.on_readable = &reader;
    watch.on_writable = &writer;
  }
  // What one look at the kernel queues, run.
  std::string look(std::optional<Duration> timeout = Duration::zero()) {
    log.clear();
    EXPECT_TRUE(poller.wait(timeout).ok());
    ReadyQueue ready;
    poller.dispatch(ready);
    while (!ready.empty()) ready.pop().run();
    return log;
  }
  void send() { ASSERT_EQ(write(there.get(), "x", 1), 1); }

  P poller;
  Fd here, there;
  std::string log;
  Note reader{log, "r"}, writer{log, "w"};
  Watch watch;
};

using Pollers = ::testing::Types<EpollPoller>;
TYPED_TEST_SUITE(PollerContract, Pollers);

TYPED_TEST(PollerContract, ReportsReadinessAsLongAsItLasts) {
  ASSERT_TRUE(this->poller.watch(this->watch, Interest::read).ok());
  EXPECT_EQ(this->poller.watched(), 1u);
  EXPECT_EQ(this->look(), "");
  this->send();
  EXPECT_EQ(this->look(), "r");
  EXPECT_EQ(this->look(), "r");
  ASSERT_TRUE(this->poller.watch(this->watch, Interest::both).ok());
  EXPECT_EQ(this->look(), "rw");
  ASSERT_TRUE(this->poller.watch(this->watch, Interest::write).ok());
  EXPECT_EQ(this->look(), "w");
  ASSERT_TRUE(this->poller.watch(this->watch, Interest::none).ok());
  EXPECT_EQ(this->look(), "");
  EXPECT_EQ(this->poller.watched(), 0u);
}

TYPED_TEST(PollerContract, ReportsAHangUpToBothSides) {
  ASSERT_TRUE(this->poller.watch(this->watch, Interest::both).ok());
  this->there.close();
  EXPECT_EQ(this->look(), "rw");
}

TYPED_TEST(PollerContract, ForgetsWhatIsUnwatchedBetweenWaitAndDispatch) {
  ASSERT_TRUE(this->poller.watch(this->watch, Interest::read).ok());
  this->send();
  ASSERT_TRUE(this->poller.wait(Duration::zero()).ok());
  ASSERT_TRUE(this->poller.watch(this->watch, Interest::none).ok());
  ReadyQueue ready;
  EXPECT_EQ(this->poller.dispatch(ready), 0u);
  EXPECT_TRUE(ready.empty());
}

TYPED_TEST(PollerContract, DoesNotQueueWorkTwice) {
  ASSERT_TRUE(this->poller.watch(this->watch, Interest::read).ok());
  this->send();
  ReadyQueue ready;
  ASSERT_TRUE(this->poller.wait(Duration::zero()).ok());
  EXPECT_EQ(this->poller.dispatch(ready), 1u);
  ASSERT_TRUE(this->poller.wait(Duration::zero()).ok());
  EXPECT_EQ(this->poller.dispatch(ready), 0u);
  ready.pop();
  EXPECT_TRUE(ready.empty());
}

TYPED_TEST(PollerContract, IsWokenBeforeAndDuringAWait) {
  this->poller.wake();
  this->poller.wake();
  EXPECT_EQ(this->look(std::nullopt), "");
  std::thread thread([this] {
    std::this_thread::sleep_for(10ms);
    this->poller.wake();
  });
  EXPECT_EQ(this->look(std::nullopt), "");
  thread.join();
}

TYPED_TEST(PollerContract, SleepsNoShorterThanAsked) {
  for (const Duration sleep : {Duration(0), Duration(300us), Duration(5ms)}) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(this->look(sleep), "");
    EXPECT_GE(std::chrono::steady_clock::now() - start, sleep);
  }
}

TYPED_TEST(PollerContract, RefusesWhatCannotBeWatchedAndChangesNothing) {
  Watch bad;
  bad.fd = 100'000;
  EXPECT_EQ(this->poller.watch(bad, Interest::read).error(), EBADF);
  Fd file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  Watch regular;
  regular.fd = file.get();
  EXPECT_EQ(this->poller.watch(regular, Interest::read).error(), EPERM);
  EXPECT_EQ(this->poller.watched(), 0u);
  EXPECT_EQ(bad.interest, Interest::none);
}

TYPED_TEST(PollerContract, LeavesTheNumberToWhoRegistersItNext) {
  ASSERT_TRUE(this->poller.watch(this->watch, Interest::read).ok());
  this->poller.neglect(this->watch, Interest::read);
  Note other{this->log, "o"};
  Watch next;
  next.fd = this->watch.fd;
  next.on_readable = &other;
  ASSERT_TRUE(this->poller.watch(next, Interest::read).ok());
  this->poller.settle(this->watch);
  this->poller.forget(this->watch);
  ASSERT_TRUE(this->poller.watch(this->watch, Interest::none).ok());
  this->send();
  EXPECT_EQ(this->look(), "o");
  EXPECT_EQ(this->poller.watched(), 1u);
}

TYPED_TEST(PollerContract, ResumesWhatWasNeglected) {
  ASSERT_TRUE(this->poller.watch(this->watch, Interest::both).ok());
  this->poller.neglect(this->watch, Interest::read);
  this->send();
  EXPECT_EQ(this->look(), "w");
  EXPECT_EQ(this->poller.watched(), 1u);
  this->poller.neglect(this->watch, Interest::write);
  EXPECT_EQ(this->look(), "");
  EXPECT_EQ(this->poller.watched(), 0u);
  ASSERT_TRUE(this->poller.resume(this->watch, Interest::read).ok());
  EXPECT_EQ(this->look(), "r");
  EXPECT_EQ(this->poller.watched(), 1u);
  this->poller.neglect(this->watch, Interest::read);
  this->poller.settle(this->watch);
  // The system says nothing any more: this would return at once.
  EXPECT_TRUE(this->poller.wait(Duration(1ms)).ok());
  EXPECT_EQ(this->poller.harvested(), 0u);
  ASSERT_TRUE(this->poller.resume(this->watch, Interest::write).ok());
  EXPECT_EQ(this->look(), "w");
}

TYPED_TEST(PollerContract, ForgetsANumberThatIsInUseAgain) {
  ASSERT_TRUE(this->poller.watch(this->watch, Interest::read).ok());
  const int number = this->here.get();
  this->here.close();
  int fds[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
  Fd one(fds[0]), other(fds[1]);
  ASSERT_EQ(one.get(), number);
  this->poller.forget(this->watch);
  ASSERT_TRUE(this->poller.watch(this->watch, Interest::read).ok());
  ASSERT_EQ(write(other.get(), "x", 1), 1);
  EXPECT_EQ(this->look(), "r");
  EXPECT_EQ(this->poller.watched(), 1u);
}

TYPED_TEST(PollerContract, TakesUpANumberThatWasClosedBehindItsBack) {
  ASSERT_TRUE(this->poller.watch(this->watch, Interest::read).ok());
  const int number = this->here.get();
  this->here.close();
  int fds[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
  Fd one(fds[0]), other(fds[1]);
  ASSERT_EQ(one.get(), number);
  ASSERT_TRUE(this->poller.watch(this->watch, Interest::both).ok());
  ASSERT_EQ(write(other.get(), "x", 1), 1);
  EXPECT_EQ(this->look(), "rw");
  one.close();
  EXPECT_TRUE(this->poller.watch(this->watch, Interest::none).ok());
}

TYPED_TEST(PollerContract, IgnoresWhatADuplicateReportsAfterItsWatchIsGone) {
  auto gone = std::make_unique<Watch>();
  gone->fd = this->here.get();
  gone->on_readable = &this->reader;
  ASSERT_TRUE(this->poller.watch(*gone, Interest::read).ok());
  // The system keeps the registration, but under a number that names no descriptor any more.
  Fd duplicate(dup(this->here.get()));
  this->here.close();
  ASSERT_TRUE(this->poller.watch(*gone, Interest::none).ok());
  gone.reset();
  this->send();
  EXPECT_EQ(this->look(), "");
  // Nor are its events those of the next descriptor with that number.
  int fds[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
  Fd one(fds[0]), other(fds[1]);
  ASSERT_EQ(one.get(), this->watch.fd);
  ASSERT_TRUE(this->poller.watch(this->watch, Interest::read).ok());
  EXPECT_EQ(this->look(), "");
  ASSERT_EQ(write(other.get(), "x", 1), 1);
  EXPECT_EQ(this->look(), "r");
}

TYPED_TEST(PollerContract, ReducesWhatItWatchesUnlessTheDescriptorIsGone) {
  ASSERT_TRUE(this->poller.watch(this->watch, Interest::both).ok());
  ASSERT_TRUE(this->poller.reduce(this->watch, Interest::read).ok());
  EXPECT_EQ(this->look(), "");
  ASSERT_TRUE(this->poller.watch(this->watch, Interest::both).ok());
  this->here.close();
  EXPECT_EQ(this->poller.reduce(this->watch, Interest::write).error(), EBADF);
  // Another file has the number now: it is not registered in place of the one that is gone.
  int fds[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
  Fd one(fds[0]), other(fds[1]);
  ASSERT_EQ(one.get(), this->watch.fd);
  EXPECT_EQ(this->poller.reduce(this->watch, Interest::write).error(), ENOENT);
  EXPECT_EQ(this->look(), "");
  EXPECT_TRUE(this->poller.reduce(this->watch, Interest::none).ok());
  EXPECT_EQ(this->poller.watched(), 0u);
}

TYPED_TEST(PollerContract, ReportsMoreThanFitsIntoOneHarvest) {
  constexpr std::size_t kMany = 400;
  std::vector<Fd> fds;
  std::vector<std::unique_ptr<Note>> notes;
  std::vector<std::unique_ptr<Watch>> watches;
  std::string seen;
  for (std::size_t i = 0; i < kMany; ++i) {
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    fds.emplace_back(ends[0]);
    fds.emplace_back(ends[1]);
    notes.push_back(std::make_unique<Note>(seen, "."));
    watches.push_back(std::make_unique<Watch>());
    watches.back()->fd = ends[1];
    watches.back()->on_writable = notes.back().get();
    ASSERT_TRUE(this->poller.watch(*watches.back(), Interest::write).ok());
  }
  ReadyQueue ready;
  std::size_t queued = 0;
  for (int look = 0; look < 8 && queued < kMany; ++look) {
    ASSERT_TRUE(this->poller.wait(Duration::zero()).ok());
    queued += this->poller.dispatch(ready);
  }
  EXPECT_EQ(queued, kMany);
  while (!ready.empty()) ready.pop().run();
  EXPECT_EQ(seen.size(), kMany);
}

}  // namespace
}  // namespace phaseloop
