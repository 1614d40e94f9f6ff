// asyncio.wait(): counts in C++ over futures of ours; anything else is asyncio's own business.
#pragma once

#include "bindings/core/state.h"
#include "bindings/py/args.h"

namespace phaseloop {

// wait(fs, *, timeout=None, return_when=ALL_COMPLETED), timeout in seconds.
Ref<> wait(PyObject* state, py::Args args) noexcept;
Ref<PyTypeObject> new_wait_type(State& state, PyObject* module) noexcept;

}  // namespace phaseloop
