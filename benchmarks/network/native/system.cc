#include "benchmarks/network/native/system.h"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace bench {
namespace {

const char* program = "bench";

Nanoseconds read_clock(clockid_t clock, const char* what) {
  timespec time{};
  if (clock_gettime(clock, &time) < 0) fail_errno(what);
  return static_cast<Nanoseconds>(time.tv_sec) * 1'000'000'000 +
         static_cast<Nanoseconds>(time.tv_nsec);
}

}  // namespace

void set_program(const char* name) { program = name; }

void fail(const std::string& why) {
  std::fprintf(stderr, "%s: %s\n", program, why.c_str());
  std::exit(1);
}

void fail_errno(const std::string& what) {
  const int error = errno;
  fail(what + ": " + std::strerror(error));
}

Nanoseconds now() { return read_clock(CLOCK_MONOTONIC, "clock"); }

Nanoseconds cpu_time(int process) {
  if (process == 0) return 0;
  clockid_t clock{};
  if (const int error = clock_getcpuclockid(process, &clock)) {
    errno = error;
    fail_errno("CPU clock of the server");
  }
  return read_clock(clock, "CPU clock of the server");
}

void pin_to_core(int core) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(static_cast<unsigned>(core), &cores);
  if (sched_setaffinity(0, sizeof cores, &cores) < 0) {
    fail_errno("core " + std::to_string(core));
  }
}

void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) fail_errno("getrlimit");
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) < 0) fail_errno("setrlimit");
}

Fd::~Fd() {
  if (fd_ >= 0) close(fd_);
}

}  // namespace bench
