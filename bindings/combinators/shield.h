// shield(): a future that can be cancelled without what it stands for being cancelled.
#pragma once

#include <span>

#include "bindings/routine/function.h"

namespace phaseloop {

std::span<const Implementation> shield_functions() noexcept;
Ref<PyTypeObject> new_shield_type(PyObject* module) noexcept;

}  // namespace phaseloop
