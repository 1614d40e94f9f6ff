// What the two servers without Python share: `floor_X echo|sink tcp|unix|udp ADDRESS`, and READY.
// A sink counts what comes, and at its end answers with the count in eight bytes, least first.
#pragma once

#include <cstdio>
#include <cstring>

#include "benchmarks/network/native/address.h"

namespace bench {

struct Floor {
  Address address;
  Fd socket;  // listens, or is bound for datagrams
  bool sink = false;
};

// They serve until standard input closes, so that none outlives whoever started it.
inline Floor start_floor(int argc, char** argv) {
  set_program(argv[0]);
  if (argc != 4) fail("usage: echo|sink tcp|unix|udp ADDRESS");
  raise_file_limit();
  Floor floor{{transport_named(argv[2]), argv[3]}, {}, std::strcmp(argv[1], "sink") == 0};
  if (floor.address.transport == Transport::tls) fail("this server has no TLS");
  floor.socket = listen_at(floor.address);
  return floor;
}

inline void print_ready(const Floor& floor) {
  std::printf("READY %s\n", bound_address(floor.socket, floor.address).c_str());
  std::fflush(stdout);
}

}  // namespace bench
