#include "benchmarks/network/native/options.h"

#include <getopt.h>

#include <cstdio>
#include <cstdlib>

namespace bench {
namespace {

constexpr char kUsage[] =
    "usage: load echo|bulk|churn|idle --address ADDRESS [OPTION VALUE]...\n"
    "  --transport tcp|unix|udp|tls  (tcp)\n"
    "  --cert FILE       the certificate that TLS trusts\n"
    "  --connections N   (1)\n"
    "  --size BYTES      of a message (1024)\n"
    "  --seconds S       measured (1)\n"
    "  --warmup S        before that (0.2)\n"
    "  --operations N    exactly so many instead, without a warm-up; MiB for bulk\n"
    "  --hold yes        print OPEN and wait for a line on standard input before it begins, and\n"
    "                    for its end before closing the connections\n"
    "  --core N          to run on, and never to leave idle\n"
    "  --pid N           the server, to report its CPU time in the measured window\n";

[[noreturn]] void fail_usage(const std::string& why) {
  std::fputs(kUsage, stderr);
  fail(why);
}

double number(const char* text, double min, double max) {
  char* end = nullptr;
  const double value = std::strtod(text, &end);
  if (end == text || *end != '\0' || !(value >= min && value <= max)) {
    fail_usage("'" + std::string(text) + "' is no number between " + std::to_string(min) + " and " +
               std::to_string(max));
  }
  return value;
}

void take(Options& options, int option) {
  switch (option) {
    case 't':
      options.address.transport = transport_named(optarg);
      break;
    case 'a':
      options.address.text = optarg;
      break;
    case 'k':
      options.certificate = optarg;
      break;
    case 'n':
      options.connections = static_cast<std::size_t>(number(optarg, 1, 1e6));
      break;
    case 'b':
      options.size = static_cast<std::size_t>(number(optarg, 1, 1 << 30));
      break;
    case 's':
      options.seconds = number(optarg, 0, 1e6);
      break;
    case 'w':
      options.warmup = number(optarg, 0, 1e6);
      break;
    case 'o':
      options.operations = static_cast<std::uint64_t>(number(optarg, 1, 1e15));
      break;
    case 'h':
      options.hold = true;
      break;
    case 'c':
      options.core = static_cast<int>(number(optarg, 0, 1023));
      break;
    case 'p':
      options.process = static_cast<int>(number(optarg, 1, 1e9));
      break;
    default:
      fail_usage("see above");
  }
}

}  // namespace

Options parse_options(int argc, char** argv) {
  static const option kLong[] = {{"transport", required_argument, nullptr, 't'},
                                 {"address", required_argument, nullptr, 'a'},
                                 {"cert", required_argument, nullptr, 'k'},
                                 {"connections", required_argument, nullptr, 'n'},
                                 {"size", required_argument, nullptr, 'b'},
                                 {"seconds", required_argument, nullptr, 's'},
                                 {"warmup", required_argument, nullptr, 'w'},
                                 {"operations", required_argument, nullptr, 'o'},
                                 {"hold", required_argument, nullptr, 'h'},
                                 {"core", required_argument, nullptr, 'c'},
                                 {"pid", required_argument, nullptr, 'p'},
                                 {nullptr, 0, nullptr, 0}};
  Options options;
  for (int found; (found = getopt_long(argc, argv, "", kLong, nullptr)) != -1;) {
    take(options, found);
  }
  if (optind + 1 != argc) fail_usage("one mode is needed");
  options.mode = argv[optind];
  if (options.address.text.empty()) fail_usage("--address is needed");
  return options;
}

}  // namespace bench
