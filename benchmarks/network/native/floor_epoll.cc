// An echo server, or a sink, with nothing to spare: one thread, one buffer, one level-triggered
// epoll.
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "benchmarks/network/native/floor.h"

namespace {

using namespace bench;

std::array<char, 1 << 18> buffer;

constexpr std::size_t kDatagrams = 64;  // taken at once

struct Datagram {
  sockaddr_storage from;
  iovec piece;
  char bytes[1 << 16];

  void prepare(msghdr& header) {
    piece = {bytes, sizeof bytes};
    header = {&from, sizeof from, &piece, 1, nullptr, 0, 0};
  }
};

std::array<Datagram, kDatagrams> datagrams;
std::array<mmsghdr, kDatagrams> messages;

class Server {
 public:
  explicit Server(Floor floor) : floor_(std::move(floor)), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    if (epoll_.get() < 0) fail_errno("epoll");
    watch(EPOLL_CTL_ADD, STDIN_FILENO, EPOLLIN);
    watch(EPOLL_CTL_ADD, floor_.socket.get(), EPOLLIN);
  }

  void serve() {
    print_ready(floor_);
    while (true) {
      epoll_event events[256];
      const int count = epoll_wait(epoll_.get(), events, 256, -1);
      if (count < 0 && errno != EINTR) fail_errno("epoll_wait");
      for (int i = 0; i < count; ++i) {
        if (events[i].data.fd == STDIN_FILENO) return;
        handle(events[i].data.fd, events[i].events);
      }
    }
  }

 private:
  void watch(int operation, int fd, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    if (epoll_ctl(epoll_.get(), operation, fd, &event) < 0) fail_errno("epoll_ctl");
  }

  void handle(int fd, std::uint32_t events) {
    if (fd != floor_.socket.get()) {
      if ((events & EPOLLOUT) && !flush(fd)) return;
      if (events & ~static_cast<std::uint32_t>(EPOLLOUT)) echo(fd);
    } else if (floor_.address.transport == Transport::udp) {
      echo_datagrams();
    } else {
      accept_one();
    }
  }

  void accept_one() {
    const int fd = accept4(floor_.socket.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno != EAGAIN) fail_errno("accept");
      return;
    }
    no_delay(fd, floor_.address.transport);
    watch(EPOLL_CTL_ADD, fd, EPOLLIN);
  }

  void echo(int fd) {
    const ssize_t got = recv(fd, buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EAGAIN) return;
    if (floor_.sink && got >= 0) return take(fd, static_cast<std::uint64_t>(got));
    if (got <= 0) return drop(fd);
    const auto size = static_cast<std::size_t>(got);
    const ssize_t put = send(fd, buffer.data(), size, MSG_NOSIGNAL);
    if (put < 0 && errno != EAGAIN) return drop(fd);
    const std::size_t done = put < 0 ? 0 : static_cast<std::size_t>(put);
    if (done == size) return;
    // Reads no more until the rest is out.
    unsent_[fd].assign(buffer.data() + done, size - done);
    watch(EPOLL_CTL_MOD, fd, EPOLLOUT);
  }

  // Counts instead of answering.
  void take(int fd, std::uint64_t size) {
    counts_[fd] += size;
    if (size > 0) return;
    send(fd, &counts_[fd], sizeof(std::uint64_t), MSG_NOSIGNAL);
    counts_.erase(fd);
    drop(fd);
  }

  // Sends what is left over. False if the connection is gone.
  bool flush(int fd) {
    std::string& rest = unsent_[fd];
    const ssize_t put = send(fd, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (put < 0 && errno != EAGAIN) {
      drop(fd);
      return false;
    }
    if (put > 0) rest.erase(0, static_cast<std::size_t>(put));
    if (rest.empty()) {
      unsent_.erase(fd);
      watch(EPOLL_CTL_MOD, fd, EPOLLIN);
    }
    return true;
  }

  // All that wait, with one call, and all back with another.
  void echo_datagrams() {
    const int fd = floor_.socket.get();
    for (std::size_t i = 0; i < kDatagrams; ++i) datagrams[i].prepare(messages[i].msg_hdr);
    const int got = recvmmsg(fd, messages.data(), kDatagrams, 0, nullptr);
    for (int i = 0; i < got; ++i) {
      const auto at = static_cast<std::size_t>(i);
      datagrams[at].piece.iov_len = messages[at].msg_len;
    }
    // What does not fit into a queue is lost, as datagrams are.
    if (got > 0) sendmmsg(fd, messages.data(), static_cast<unsigned>(got), 0);
  }

  void drop(int fd) {
    unsent_.erase(fd);
    close(fd);
  }

  Floor floor_;
  Fd epoll_;
  std::unordered_map<int, std::string> unsent_;
  std::unordered_map<int, std::uint64_t> counts_;  // of a sink
};

}  // namespace

int main(int argc, char** argv) { Server(start_floor(argc, argv)).serve(); }
