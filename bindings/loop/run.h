// Running a loop until it is told to stop.
#pragma once

#include "bindings/core/loop_data.h"

namespace phaseloop {

// Iterates until stop(), a signal handler's exception, or an error that leaves the loop
// (KeyboardInterrupt, SystemExit). Empty: that error is set; what was not run yet is run first the
// next time.
// Ends, too, when the loop has come to run asyncio's own code: the caller goes on with that.
Ref<> run_until_stopped(Loop& loop) noexcept;
// One iteration, as asyncio's _run_once().
Ref<> run_iteration(Loop& loop) noexcept;

}  // namespace phaseloop
