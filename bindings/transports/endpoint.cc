#include "bindings/transports/endpoint.h"

#include <arpa/inet.h>

#include <cstring>

#include "bindings/py/error.h"

namespace phaseloop {

bool Endpoint::take(const sockaddr_storage& address) noexcept {
  if (address.ss_family == AF_INET) {
    std::memcpy(&in, &address, sizeof in);
    return true;
  }
  if (address.ss_family == AF_INET6) {
    std::memcpy(&in6, &address, sizeof in6);
    return true;
  }
  return false;
}

bool Endpoint::operator==(const Endpoint& other) const noexcept {
  if (family != other.family) return false;
  if (family == AF_INET) {
    return in.sin_port == other.in.sin_port && in.sin_addr.s_addr == other.in.sin_addr.s_addr;
  }
  return std::memcmp(&in6, &other.in6, sizeof in6) == 0;
}

py::Ref<> to_python(const Endpoint& endpoint) noexcept {
  char text[INET6_ADDRSTRLEN];
  const bool v4 = endpoint.family == AF_INET;
  const void* address = v4 ? static_cast<const void*>(&endpoint.in.sin_addr)
                           : static_cast<const void*>(&endpoint.in6.sin6_addr);
  if (inet_ntop(endpoint.family, address, text, sizeof text) == nullptr) {
    PyErr_SetFromErrno(PyExc_OSError);
    return py::raised;
  }
  if (v4) return py::steal(Py_BuildValue("si", text, ntohs(endpoint.in.sin_port)));
  const sockaddr_in6& v6 = endpoint.in6;
  return py::steal(
      Py_BuildValue("siII", text, ntohs(v6.sin6_port), ntohl(v6.sin6_flowinfo), v6.sin6_scope_id));
}

}  // namespace phaseloop
