// What a socket call comes to: bytes moved, the end, not now, an error.
#include "runtime/net/socket.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <string>

#include "runtime/base/fd.h"

namespace phaseloop::net {
namespace {

struct Pair {
  Pair() {
    std::array<int, 2> fds{};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds.data()), 0);
    ours = Fd(fds[0]);
    theirs = Fd(fds[1]);
  }
  Fd ours, theirs;
};

TEST(Socket, MovesWhatIsThere) {
  Pair pair;
  const Moved sent = send(pair.ours.get(), "hello", 5);
  EXPECT_TRUE(sent.ok());
  EXPECT_EQ(sent.count, 5u);
  std::array<char, 16> buffer{};
  const Moved got = receive(pair.theirs.get(), buffer.data(), buffer.size());
  EXPECT_TRUE(got.ok());
  EXPECT_EQ(std::string(buffer.data(), got.count), "hello");
}

TEST(Socket, SendsPartsInOrder) {
  Pair pair;
  std::string first = "one ", second = "two";
  std::array<iovec, 2> parts{iovec{first.data(), first.size()},
                             iovec{second.data(), second.size()}};
  EXPECT_EQ(send_vector(pair.ours.get(), parts.data(), parts.size()).count, 7u);
  std::array<char, 16> buffer{};
  const Moved got = receive(pair.theirs.get(), buffer.data(), buffer.size());
  EXPECT_EQ(std::string(buffer.data(), got.count), "one two");
}

TEST(Socket, SaysNotNowWhereItWouldBlock) {
  Pair pair;
  char byte = 0;
  const Moved nothing = receive(pair.ours.get(), &byte, 1);
  EXPECT_FALSE(nothing.ok());
  EXPECT_TRUE(nothing.not_now());
  const std::string much(1 << 20, 'x');
  while (send(pair.ours.get(), much.data(), much.size()).ok()) {
  }
  EXPECT_TRUE(send(pair.ours.get(), much.data(), much.size()).not_now());
}

TEST(Socket, TellsTheEndFromAnError) {
  Pair pair;
  pair.theirs.close();
  char byte = 0;
  const Moved end = receive(pair.ours.get(), &byte, 1);
  EXPECT_TRUE(end.ok());
  EXPECT_EQ(end.count, 0u);
  // And no SIGPIPE, which would end this very process.
  const Moved broken = send(pair.ours.get(), "x", 1);
  EXPECT_EQ(broken.error, EPIPE);
  EXPECT_FALSE(broken.not_now());
}

}  // namespace
}  // namespace phaseloop::net
