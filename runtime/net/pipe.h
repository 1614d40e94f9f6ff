// The same of pipes, terminals and whatever else is read and written as a file.
#pragma once

#include <unistd.h>

#include "runtime/net/socket.h"

namespace phaseloop::net {

inline Moved read(int fd, void* buffer, std::size_t size) noexcept {
  return Moved::of(::read(fd, buffer, size));
}
// SIGPIPE is as the process has it; Python ignores it.
inline Moved write(int fd, const void* data, std::size_t size) noexcept {
  return Moved::of(::write(fd, data, size));
}

}  // namespace phaseloop::net
