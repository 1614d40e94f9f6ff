// create_task() and ensure_future(): asyncio's functions, straight to the task.
#pragma once

#include <span>

#include "bindings/routine/function.h"

namespace phaseloop {

std::span<const Implementation> spawn_functions() noexcept;

}  // namespace phaseloop
