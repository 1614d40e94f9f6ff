#include "benchmarks/network/native/address.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace bench {
namespace {

constexpr int kBacklog = 1024;
constexpr unsigned kConnectionsPerSource = 4000;  // of some 28000 ports that one address has

union SocketAddress {
  sockaddr any;
  sockaddr_in internet;
  sockaddr_un local;
};

struct Resolved {
  SocketAddress address{};
  socklen_t size = 0;
  int family = AF_INET;
  int type = SOCK_STREAM;
};

Resolved resolve_path(const Address& address) {
  Resolved found;
  found.family = AF_UNIX;
  found.size = sizeof found.address.local;
  found.address.local.sun_family = AF_UNIX;
  if (address.text.size() >= sizeof found.address.local.sun_path) {
    fail("the socket's path is too long: " + address.text);
  }
  std::memcpy(found.address.local.sun_path, address.text.c_str(), address.text.size() + 1);
  return found;
}

Resolved resolve(const Address& address) {
  if (address.transport == Transport::unix_stream) return resolve_path(address);
  Resolved found;
  const auto colon = address.text.rfind(':');
  if (colon == std::string::npos) fail("an address is HOST:PORT, not '" + address.text + "'");
  const std::string host = address.text.substr(0, colon);
  auto& internet = found.address.internet;
  internet.sin_family = AF_INET;
  internet.sin_port = htons(static_cast<std::uint16_t>(std::atoi(&address.text[colon + 1])));
  if (inet_pton(AF_INET, host.c_str(), &internet.sin_addr) != 1) {
    fail("not an IPv4 address: '" + host + "'");
  }
  found.size = sizeof internet;
  if (address.transport == Transport::udp) found.type = SOCK_DGRAM;
  return found;
}

Fd open_socket(const Resolved& at, int flags) {
  Fd fd(socket(at.family, at.type | SOCK_CLOEXEC | flags, 0));
  if (fd.get() < 0) fail_errno("socket");
  return fd;
}

// Another address of 127.0.0.0/8 for every few thousand connections, and others in each process.
void choose_source(int fd, const Resolved& to, unsigned number) {
  if (to.family != AF_INET || ntohl(to.address.internet.sin_addr.s_addr) >> 24 != 127) return;
  const int on = 1;
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  const unsigned source = number / kConnectionsPerSource;
  const auto process = static_cast<unsigned>(getpid());
  sockaddr_in from{};
  from.sin_family = AF_INET;
  from.sin_addr.s_addr =
      htonl(127u << 24 | (1 + process % 250) << 16 |
            (1 + process / 250 % 16 * 15 + source / 250 % 15) << 8 | (1 + source % 250));
  if (bind(fd, reinterpret_cast<sockaddr*>(&from), sizeof from) < 0) fail_errno("bind");
}

}  // namespace

Transport transport_named(const std::string& name) {
  if (name == "tcp") return Transport::tcp;
  if (name == "unix") return Transport::unix_stream;
  if (name == "udp") return Transport::udp;
  if (name == "tls") return Transport::tls;
  fail("no transport '" + name + "': tcp, unix, udp or tls");
}

Fd connect_to(const Address& address, unsigned number) {
  const Resolved to = resolve(address);
  // A Unix socket without blocking refuses to connect while the server's queue is full.
  const bool local = to.family == AF_UNIX;
  Fd fd = open_socket(to, local ? 0 : SOCK_NONBLOCK);
  choose_source(fd.get(), to, number);
  if (connect(fd.get(), &to.address.any, to.size) < 0 && errno != EINPROGRESS) {
    fail_errno("connect to " + address.text);
  }
  if (local && fcntl(fd.get(), F_SETFL, O_NONBLOCK) < 0) fail_errno("fcntl");
  no_delay(fd.get(), address.transport);
  return fd;
}

Fd listen_at(const Address& address) {
  const Resolved at = resolve(address);
  Fd fd = open_socket(at, SOCK_NONBLOCK);
  const int on = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd.get(), &at.address.any, at.size) < 0) fail_errno("bind to " + address.text);
  if (at.type == SOCK_STREAM && listen(fd.get(), kBacklog) < 0) fail_errno("listen");
  return fd;
}

std::string bound_address(const Fd& listener, const Address& asked) {
  if (asked.transport == Transport::unix_stream) return asked.text;
  sockaddr_in bound{};
  socklen_t size = sizeof bound;
  if (getsockname(listener.get(), reinterpret_cast<sockaddr*>(&bound), &size) < 0) {
    fail_errno("getsockname");
  }
  char host[INET_ADDRSTRLEN] = "";
  inet_ntop(AF_INET, &bound.sin_addr, host, sizeof host);
  return std::string(host) + ":" + std::to_string(ntohs(bound.sin_port));
}

void no_delay(int fd, Transport transport) {
  if (transport != Transport::tcp && transport != Transport::tls) return;
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace bench
