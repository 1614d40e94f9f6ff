// What the load generator can do. Each prints its report.
#pragma once

#include "benchmarks/network/native/options.h"

namespace bench {

// Each connection has one message under way, all the time.
void run_echo(const Options& options);

// Sends as fast as the server takes it; at the end the server says how much it got.
void run_bulk(const Options& options);

// Connect, one message out and back, close; again, on so many connections at a time.
void run_churn(const Options& options);

// Opens connections, proves each by a message, and holds them until standard input closes.
void run_idle(const Options& options);

}  // namespace bench
