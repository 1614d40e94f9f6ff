#include "bindings/transports/numeric.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>

#include "bindings/transports/endpoint.h"

namespace phaseloop {
namespace {

// A number from 0 to `max`; -1: something else.
long small_number(PyObject* object, long max) noexcept {
  if (!PyLong_Check(object)) return -1;
  int overflow = 0;
  const long number = PyLong_AsLongAndOverflow(object, &overflow);
  return overflow != 0 || number < 0 || number > max ? -1 : number;
}

// Of the two socket types for which each family has one protocol; -1: none of them.
int protocol_of(long type) noexcept {
  if (type == SOCK_STREAM) return IPPROTO_TCP;
  return type == SOCK_DGRAM ? IPPROTO_UDP : -1;
}

// False: not in the very form in which the system would give it back.
bool parse(PyObject* host, long port, Endpoint& address) noexcept {
  if (!PyUnicode_CheckExact(host) || !PyUnicode_IS_ASCII(host)) return false;
  const auto* text = reinterpret_cast<const char*>(PyUnicode_1BYTE_DATA(host));
  if (std::strlen(text) != static_cast<std::size_t>(PyUnicode_GET_LENGTH(host))) return false;
  const in_port_t network_port = htons(static_cast<in_port_t>(port));
  sockaddr_in v4{};
  if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = network_port;
    address.in = v4;
    return true;
  }
  sockaddr_in6 v6{};
  if (inet_pton(AF_INET6, text, &v6.sin6_addr) != 1) return false;
  // Link-local addresses may want a scope.
  if (IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr) || IN6_IS_ADDR_MC_LINKLOCAL(&v6.sin6_addr)) return false;
  v6.sin6_family = AF_INET6;
  v6.sin6_port = network_port;
  address.in6 = v6;
  return true;
}

}  // namespace

Ref<> numeric_address(PyObject*, py::Args args) noexcept {
  if (args.count() != 6 || args.keyword_count() != 0) {
    return py::raise(PyExc_TypeError, "host, port, family, type, proto and flags are expected");
  }
  constexpr long kMax = 65535;
  const long port = small_number(args[1], kMax), family = small_number(args[2], kMax);
  const long type = small_number(args[3], kMax), given = small_number(args[4], kMax);
  const int protocol = protocol_of(type);
  if (port < 0 || family < 0 || protocol < 0 || small_number(args[5], 0) != 0) return py::none();
  if (given != 0 && given != protocol) return py::none();
  Endpoint address;
  if (!parse(args[0], port, address)) return py::none();
  if (family != AF_UNSPEC && family != address.family) return py::none();
  Ref<> name = to_python(address);
  if (!name) return py::raised;
  return name;
}

}  // namespace phaseloop
