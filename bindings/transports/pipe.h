// Pipe transports: asyncio's own classes, whose methods on the data path are these.
//
// They work on the attributes that asyncio's methods have, so each knows what the other has done.
// What is not plain (a write after the end, a subclass's odd data) goes to asyncio's method of the
// same name; never after a read, which can't be taken back.
#pragma once

#include <span>

#include "bindings/routine/function.h"

namespace phaseloop {

std::span<const Implementation> pipe_functions() noexcept;

}  // namespace phaseloop
