// Running a loop until it is told to stop.
#pragma once

#include "bindings/core/loop_data.h"

namespace phaseloop {

// Iterates until stop(), a signal handler's exception, or an error that leaves the loop
// (KeyboardInterrupt, SystemExit). Empty: that error is set; what was not run yet is run first the
// next time.
Ref<> run_until_stopped(Loop& loop) noexcept;

}  // namespace phaseloop
