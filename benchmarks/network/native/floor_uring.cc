// An echo server, or a sink, with nothing to spare, on io_uring: one thread, one submission for
// each harvest.
#include <liburing.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>

#include "benchmarks/network/native/floor.h"

namespace {

using namespace bench;

constexpr unsigned kEntries = 1024;
constexpr std::size_t kMessageSize = 1 << 16;  // the largest of the benchmarks
constexpr std::size_t kSinkSize = 1 << 18;     // as much as the loops ask for at a time
constexpr std::size_t kDatagramsAtOnce = 64;

// A connection, or one of the datagrams under way: receives, sends it back, receives again. The
// memory of its buffer is not touched until the kernel writes to it, so it costs what is used.
struct Echo {
  explicit Echo(std::size_t size) : buffer(new char[size]) {}

  int fd = -1;
  bool sending = false;
  bool ended = false;       // a sink has answered
  std::uint64_t count = 0;  // that it has taken
  std::unique_ptr<char[]> buffer;
  sockaddr_storage from{};
  iovec piece{};
  msghdr message{};
};

class Server {
 public:
  explicit Server(Floor floor) : floor_(std::move(floor)) {
    if (int error = open(IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN)) {
      if (error == -EINVAL) error = open(0);  // flags newer than the kernel
      if (error) {
        errno = -error;
        fail_errno("io_uring");
      }
    }
    submit(&stop_, [](io_uring_sqe* entry) {
      io_uring_prep_poll_add(entry, STDIN_FILENO, POLLIN | POLLHUP);
    });
    if (floor_.address.transport == Transport::udp) {
      for (std::size_t i = 0; i < kDatagramsAtOnce; ++i) receive(*new Echo(buffer_size_));
    } else {
      accept_next();
    }
  }

  void serve() {
    print_ready(floor_);
    while (true) {
      const int submitted = io_uring_submit_and_wait(&ring_, 1);
      if (submitted < 0 && submitted != -EINTR) fail("io_uring: " + std::to_string(-submitted));
      io_uring_cqe* done = nullptr;
      while (io_uring_peek_cqe(&ring_, &done) == 0) {
        void* what = io_uring_cqe_get_data(done);
        const int result = done->res;
        io_uring_cqe_seen(&ring_, done);
        if (what == &stop_) return;
        handle(what, result);
      }
    }
  }

 private:
  int open(unsigned flags) {
    io_uring_params parameters{};
    parameters.flags = flags;
    return io_uring_queue_init_params(kEntries, &ring_, &parameters);
  }

  // Fills in an entry of the queue and marks it with the address by which its result is known.
  template <typename Prepare>
  void submit(void* mark, Prepare prepare) {
    io_uring_sqe* entry = io_uring_get_sqe(&ring_);
    if (entry == nullptr) {  // more at once than the queue holds
      io_uring_submit(&ring_);
      entry = io_uring_get_sqe(&ring_);
      if (entry == nullptr) fail("io_uring: no entry");
    }
    prepare(entry);
    io_uring_sqe_set_data(entry, mark);
  }

  void accept_next() {
    submit(&accept_, [&](io_uring_sqe* entry) {
      io_uring_prep_accept(entry, floor_.socket.get(), nullptr, nullptr, SOCK_CLOEXEC);
    });
  }

  bool datagrams() const { return floor_.address.transport == Transport::udp; }

  void receive(Echo& echo) {
    echo.sending = false;
    submit(&echo, [&](io_uring_sqe* entry) {
      if (datagrams()) {
        echo.piece = {echo.buffer.get(), buffer_size_};
        echo.message = {&echo.from, sizeof echo.from, &echo.piece, 1, nullptr, 0, 0};
        io_uring_prep_recvmsg(entry, floor_.socket.get(), &echo.message, 0);
      } else {
        io_uring_prep_recv(entry, echo.fd, echo.buffer.get(), buffer_size_, 0);
      }
    });
  }

  void send(Echo& echo, std::size_t size) {
    echo.sending = true;
    submit(&echo, [&](io_uring_sqe* entry) {
      if (datagrams()) {
        echo.piece.iov_len = size;
        io_uring_prep_sendmsg(entry, floor_.socket.get(), &echo.message, 0);
      } else {
        // The kernel goes on until all is sent.
        const int flags = MSG_WAITALL | MSG_NOSIGNAL;
        io_uring_prep_send(entry, echo.fd, echo.buffer.get(), size, flags);
      }
    });
  }

  void handle(void* what, int result) {
    if (what == &accept_) {
      take_connection(result);
      return accept_next();
    }
    Echo& echo = *static_cast<Echo*>(what);
    if (echo.sending) {
      if (result >= 0 || datagrams()) return receive(echo);
    } else if (floor_.sink && result >= 0 && !echo.ended) {
      return take(echo, static_cast<std::uint64_t>(result));
    } else if (result > 0) {
      return send(echo, static_cast<std::size_t>(result));
    } else if (datagrams()) {
      return receive(echo);
    }
    close(echo.fd);
    delete &echo;
  }

  // Counts instead of answering.
  void take(Echo& echo, std::uint64_t size) {
    echo.count += size;
    if (size > 0) return receive(echo);
    echo.ended = true;
    std::memcpy(echo.buffer.get(), &echo.count, sizeof echo.count);
    send(echo, sizeof echo.count);
  }

  void take_connection(int fd) {
    if (fd < 0) fail("accept: error " + std::to_string(-fd));
    no_delay(fd, floor_.address.transport);
    auto* echo = new Echo(buffer_size_);
    echo->fd = fd;
    receive(*echo);
  }

  Floor floor_;
  std::size_t buffer_size_ = floor_.sink ? kSinkSize : kMessageSize;
  io_uring ring_{};
  char stop_ = 0;  // of these two only the addresses count: they mark entries
  char accept_ = 0;
};

}  // namespace

int main(int argc, char** argv) { Server(start_floor(argc, argv)).serve(); }
