#include <sys/socket.h>

#include <cstdio>
#include <cstring>

#include "benchmarks/network/native/exchange.h"
#include "benchmarks/network/native/modes.h"
#include "benchmarks/network/native/window.h"

namespace bench {
namespace {

constexpr std::size_t kOperation = 1 << 20;  // one is a MiB that the server has got
constexpr Nanoseconds kPatience = 10'000'000'000;

struct Flow {
  std::unique_ptr<Stream> stream;
  std::uint64_t sent = 0;
  char answer[8] = {};
  std::size_t answered = 0;
  bool ended = false;
};

// Sends on all connections until `enough` of what was sent; then ends them.
template <typename Enough>
std::uint64_t send_all(std::vector<Flow>& flows, const Pattern& pattern, Enough enough) {
  std::uint64_t total = 0;
  Nanoseconds progress = now();
  while (!enough(total)) {
    for (Flow& flow : flows) {
      const long count = flow.stream->write(pattern.message(0), pattern.size());
      if (count <= 0) continue;
      flow.sent += static_cast<std::uint64_t>(count);
      total += static_cast<std::uint64_t>(count);
      progress = now();
    }
    if (now() > progress + kPatience) fail("the server took nothing for ten seconds");
  }
  for (Flow& flow : flows) {
    if (shutdown(flow.stream->fd(), SHUT_WR) < 0) fail_errno("shutdown");
  }
  return total;
}

// True once the server has said how much it got, and that is all of it.
bool take_answer(Flow& flow) {
  const long count =
      flow.stream->read(flow.answer + flow.answered, sizeof flow.answer - flow.answered);
  if (count < 0) return false;
  if (count == 0) fail("the server closed a connection without saying how much it got");
  flow.answered += static_cast<std::size_t>(count);
  if (flow.answered < sizeof flow.answer) return false;
  std::uint64_t got = 0;  // least byte first, as this machine has it
  std::memcpy(&got, flow.answer, sizeof got);
  if (got != flow.sent) {
    fail("the server got " + std::to_string(got) + " bytes, " + std::to_string(flow.sent) +
         " were sent");
  }
  return flow.ended = true;
}

void await_answers(std::vector<Flow>& flows) {
  const Nanoseconds begun = now();
  for (std::size_t left = flows.size(); left > 0;) {
    for (Flow& flow : flows) {
      if (!flow.ended && take_answer(flow)) --left;
    }
    if (now() > begun + kPatience) fail("no answer for ten seconds");
  }
}

// The time until the server has got it all counts, or what lies in the kernel's buffers would seem
// to have arrived.
void one_round(const Options& options, double seconds, bool counts) {
  const Pattern pattern(options.size);
  Dialer dialer(options.address, options.certificate);
  std::vector<Flow> flows(options.connections);
  for (Flow& flow : flows) flow.stream = dialer.dial();
  if (counts) hold_start(options);
  const Nanoseconds cpu = cpu_time(options.process);
  const Nanoseconds begun = now();
  const auto end = begun + static_cast<Nanoseconds>(seconds * 1e9);
  const std::uint64_t bytes = send_all(flows, pattern, [&](std::uint64_t sent) {
    return options.operations ? sent >= options.operations * kOperation : now() >= end;
  });
  await_answers(flows);
  if (!counts) return;
  std::printf("{\"operations\": %llu, \"wall\": %.9f, \"cpu\": %.9f, \"bytes\": %llu}\n",
              static_cast<unsigned long long>(bytes / kOperation),
              static_cast<double>(now() - begun) / 1e9,
              static_cast<double>(cpu_time(options.process) - cpu) / 1e9,
              static_cast<unsigned long long>(bytes));
  std::fflush(stdout);
  hold_end(options);
}

}  // namespace

void run_bulk(const Options& options) {
  if (options.address.transport != Transport::tcp &&
      options.address.transport != Transport::unix_stream) {
    fail("bulk goes over tcp or unix: TLS and datagrams can't end one way only");
  }
  if (options.operations == 0) one_round(options, options.warmup, false);
  one_round(options, options.seconds, true);
}

}  // namespace bench
