#include "benchmarks/network/native/exchange.h"
#include "benchmarks/network/native/modes.h"
#include "benchmarks/network/native/window.h"

namespace bench {

void run_idle(const Options& options) {
  const Pattern pattern(options.size);
  Dialer dialer(options.address, options.certificate);
  Spinner spinner;
  Options counted = options;
  counted.operations = options.connections;
  Window window(counted);
  const bool datagrams = options.address.transport == Transport::udp;
  const auto all = open_all(dialer, pattern, datagrams, options.connections, spinner);
  // The latency of an exchange here is that of opening them all: only the number and the time
  // count.
  const Nanoseconds end = now();
  for (const Exchange& exchange : all) window.count(exchange.begun(), end, options.size);
  window.report();
  counted.hold = true;
  hold_end(counted);
}

}  // namespace bench
