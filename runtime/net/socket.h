// What transports ask of a non-blocking socket: one system call each, the outcome a value.
//
// Thread: any. Failure: errno. A call that would block, or that a signal cut short before anything
// moved, is "not now": the poller says when.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstddef>

namespace phaseloop::net {

struct Moved {
  std::size_t count = 0;  // bytes; 0 of a read is the end of the stream
  int error = 0;

  bool ok() const noexcept { return error == 0; }
  bool not_now() const noexcept {
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
  }
  static Moved of(ssize_t result) noexcept {
    return result < 0 ? Moved{0, errno} : Moved{static_cast<std::size_t>(result), 0};
  }
};

inline Moved receive(int fd, void* buffer, std::size_t size) noexcept {
  return Moved::of(::recv(fd, buffer, size, 0));
}
// The same of a descriptor that may be a blocking one.
inline Moved receive_now(int fd, void* buffer, std::size_t size) noexcept {
  return Moved::of(::recv(fd, buffer, size, MSG_DONTWAIT));
}
inline Moved send_now(int fd, const void* data, std::size_t size) noexcept {
  return Moved::of(::send(fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT));
}
// Never a SIGPIPE, whatever the process has set.
inline Moved send(int fd, const void* data, std::size_t size) noexcept {
  return Moved::of(::send(fd, data, size, MSG_NOSIGNAL));
}
inline Moved send_vector(int fd, iovec* parts, std::size_t count) noexcept {
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = count;
  return Moved::of(::sendmsg(fd, &message, MSG_NOSIGNAL));
}

}  // namespace phaseloop::net
