// asyncio.sleep(): a timer that lives in its awaitable.
#pragma once

#include "bindings/core/state.h"
#include "bindings/py/args.h"

namespace phaseloop {

// sleep(delay, result=None), delay in seconds.
Ref<> sleep(PyObject* state, py::Args args) noexcept;
// `collected`: for results that may be part of a cycle.
Ref<PyTypeObject> new_sleep_type(State& state, PyObject* module, bool collected) noexcept;

}  // namespace phaseloop
