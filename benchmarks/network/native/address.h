// Where a server is: how it listens there and how a client reaches it.
#pragma once

#include <string>

#include "benchmarks/network/native/system.h"

namespace bench {

enum class Transport { tcp, unix_stream, udp, tls };

// "tcp", "unix", "udp" or "tls".
Transport transport_named(const std::string& name);

// "127.0.0.1:4000", or the path of a Unix socket.
struct Address {
  Transport transport = Transport::tcp;
  std::string text;
};

// A socket without blocking, on its way to the address. `number` counts the connections made by
// this process: on the loopback network they are spread over many source addresses, so that
// thousands of them, open or lingering in TIME_WAIT, don't use up the ports.
Fd connect_to(const Address& address, unsigned number);

// A socket without blocking that listens at the address (port 0: any), or is bound there for UDP.
Fd listen_at(const Address& address);

// The address that listen_at() got, as `--address` takes it.
std::string bound_address(const Fd& listener, const Address& asked);

// Small messages leave at once, as asyncio sets it. Nothing where it does not apply.
void no_delay(int fd, Transport transport);

}  // namespace bench
