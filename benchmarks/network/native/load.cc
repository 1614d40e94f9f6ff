// A load generator for echo servers: never sleeps, so that what is measured is the server.
#include <csignal>

#include "benchmarks/network/native/modes.h"

namespace {

using namespace bench;

void run(const Options& options) {
  if (options.mode == "echo") return run_echo(options);
  if (options.mode == "bulk") return run_bulk(options);
  if (options.mode == "churn") return run_churn(options);
  if (options.mode == "idle") return run_idle(options);
  fail("no mode '" + options.mode + "': echo, bulk, churn or idle");
}

}  // namespace

int main(int argc, char** argv) {
  set_program("load");
  std::signal(SIGPIPE, SIG_IGN);
  const Options options = parse_options(argc, argv);
  if (options.core >= 0) pin_to_core(options.core);
  raise_file_limit();
  run(options);
}
