// wrap_future() and run_coroutine_threadsafe(): a future of the loop and one of other threads,
// chained.
#pragma once

#include <span>

#include "bindings/routine/function.h"

namespace phaseloop {

std::span<const Implementation> bridge_functions() noexcept;
Ref<PyTypeObject> new_bridge_type(PyObject* module) noexcept;

}  // namespace phaseloop
