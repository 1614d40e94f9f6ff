#include <optional>

#include "benchmarks/network/native/exchange.h"
#include "benchmarks/network/native/modes.h"
#include "benchmarks/network/native/window.h"

namespace bench {

void run_churn(const Options& options) {
  const Pattern pattern(options.size);
  Dialer dialer(options.address, options.certificate);
  Spinner spinner;
  std::vector<std::optional<Exchange>> slots(options.connections);
  std::vector<std::size_t> slot_of;  // by descriptor

  Window window(options);
  unsigned number = 0;
  const auto dial = [&](std::size_t slot) {
    slots[slot].reset();  // closes the connection that is done
    if (!window.admit()) return;
    const Nanoseconds time = now();
    Exchange& opened = slots[slot].emplace(dialer.dial(), pattern, false, number++);
    opened.begin(time);
    spinner.add(opened);
    const auto fd = static_cast<std::size_t>(opened.fd());
    if (fd >= slot_of.size()) slot_of.resize(fd + 1);
    slot_of[fd] = slot;
  };
  for (std::size_t slot = 0; slot < slots.size(); ++slot) dial(slot);
  while (!window.over()) {
    for (Exchange* exchange : spinner.poll()) {
      if (!exchange->advance()) {
        spinner.update(*exchange);
        continue;
      }
      window.count(exchange->begun(), now(), options.size);
      dial(slot_of[static_cast<std::size_t>(exchange->fd())]);
    }
    window.tick(now());
  }
  window.report();
}

}  // namespace bench
