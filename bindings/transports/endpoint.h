// The two ends of a socket, kept small until somebody asks for them as Python objects.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include "bindings/py/ref.h"

namespace phaseloop {

// An address of the internet families. Others, which nothing rushes, are Python objects at once.
struct Endpoint {
  union {
    sa_family_t family = AF_UNSPEC;
    sockaddr_in in;
    sockaddr_in6 in6;
  };

  bool known() const noexcept { return family != AF_UNSPEC; }
  bool operator==(const Endpoint& other) const noexcept;
  // Takes what accept(), getsockname() or getpeername() gave; false: of another family.
  bool take(const sockaddr_storage& address) noexcept;
};

// As socket.getsockname() returns it. REQUIRES: known().
py::Ref<> to_python(const Endpoint& endpoint) noexcept;

}  // namespace phaseloop
