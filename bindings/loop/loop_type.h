// The Python type under phaseloop.Loop: what users call on a loop, where it is hot.
#pragma once

#include "bindings/core/state.h"

namespace phaseloop {

Ref<PyTypeObject> new_loop_type(PyObject* module) noexcept;

}  // namespace phaseloop
