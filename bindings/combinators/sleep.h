// asyncio.sleep(): a timer that lives in its awaitable.
#pragma once

#include "bindings/core/state.h"
#include "bindings/py/args.h"

namespace phaseloop {

// sleep(delay, result=None), delay in seconds.
Ref<> sleep(PyObject* state, py::Args args) noexcept;
Ref<PyTypeObject> new_sleep_type(State& state, PyObject* module) noexcept;

}  // namespace phaseloop
