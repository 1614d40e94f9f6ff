// wait_for(): one awaitable with a timeout.
//
// On CPython 3.12 and newer it awaits within a timeout(); before, it makes a task of a coroutine
// and waits for that. Which of the two the running asyncio does is read off its code.
#pragma once

#include <span>

#include "bindings/routine/function.h"

namespace phaseloop {

std::span<const Implementation> wait_for_functions() noexcept;
Ref<PyTypeObject> new_wait_for_release_type(PyObject* module) noexcept;

}  // namespace phaseloop
