// The command line of the load generator.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "benchmarks/network/native/address.h"

namespace bench {

struct Options {
  std::string mode;  // echo, bulk, churn or idle
  Address address;
  std::string certificate;
  std::size_t connections = 1;
  std::size_t size = 1024;  // bytes of a message
  double seconds = 1;
  double warmup = 0.2;
  std::uint64_t operations = 0;  // if set, exactly so many, however long, without a warm-up
  bool hold = false;             // wait for a word before it begins, and before it closes
  int core = -1;
  int process = 0;  // the server, whose CPU time is read
};

Options parse_options(int argc, char** argv);

}  // namespace bench
