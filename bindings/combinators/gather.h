// asyncio.gather(): a future of ours that counts its children in C++.
#pragma once

#include "bindings/core/state.h"
#include "bindings/py/args.h"

namespace phaseloop {

// gather(*coros_or_futures, return_exceptions=False)
Ref<> gather(PyObject* state, py::Args args) noexcept;
Ref<PyTypeObject> new_gathering_future_type(State& state, PyObject* module) noexcept;

}  // namespace phaseloop
