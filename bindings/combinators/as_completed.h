// asyncio.as_completed(): results in order of completion, by plain or asynchronous iteration.
#pragma once

#include "bindings/core/state.h"
#include "bindings/py/args.h"

namespace phaseloop {

// as_completed(fs, *, timeout=None), timeout in seconds.
Ref<> as_completed(PyObject* state, py::Args args) noexcept;
Ref<PyTypeObject> new_as_completed_type(PyObject* module) noexcept;
Ref<PyTypeObject> new_next_completed_type(State& state, PyObject* module) noexcept;

}  // namespace phaseloop
