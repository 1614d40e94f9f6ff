// The same of pipes, terminals and whatever else is read and written as a file.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include "runtime/net/socket.h"

namespace phaseloop::net {

// Whether it waits now, though it was made not to: whoever else has it open may have changed that.
inline bool waits(int fd) noexcept {
  const int flags = ::fcntl(fd, F_GETFL);
  return flags >= 0 && (flags & O_NONBLOCK) == 0;
}

inline Moved read(int fd, void* buffer, std::size_t size) noexcept {
  return Moved::of(::read(fd, buffer, size));
}
// SIGPIPE is as the process has it; Python ignores it.
inline Moved write(int fd, const void* data, std::size_t size) noexcept {
  return Moved::of(::write(fd, data, size));
}

}  // namespace phaseloop::net
