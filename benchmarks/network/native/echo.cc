#include "benchmarks/network/native/exchange.h"
#include "benchmarks/network/native/modes.h"
#include "benchmarks/network/native/window.h"

namespace bench {

void run_echo(const Options& options) {
  const Pattern pattern(options.size);
  const bool datagrams = options.address.transport == Transport::udp;
  Dialer dialer(options.address, options.certificate);
  Spinner spinner;
  auto all = open_all(dialer, pattern, datagrams, options.connections, spinner);

  Window window(options);
  const auto begin = [&](Exchange& exchange, Nanoseconds time) {
    if (!window.admit()) return;
    exchange.begin(time);
    spinner.update(exchange);
  };
  for (Exchange& exchange : all) begin(exchange, now());
  while (!window.over()) {
    for (Exchange* exchange : spinner.poll()) {
      if (exchange->idle() || !exchange->advance()) {
        spinner.update(*exchange);
        continue;
      }
      const Nanoseconds time = now();
      window.count(exchange->begun(), time, options.size);
      begin(*exchange, time);
    }
    window.tick(now());
  }
  window.report();
}

}  // namespace bench
