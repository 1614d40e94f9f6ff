// The primitives' core types, and the functions that stand for their methods.
#pragma once

#include <span>

#include "bindings/core/state.h"
#include "bindings/routine/function.h"

namespace phaseloop {

std::span<const Implementation> lock_functions() noexcept;
std::span<const Implementation> event_functions() noexcept;
std::span<const Implementation> semaphore_functions() noexcept;
std::span<const Implementation> condition_functions() noexcept;
std::span<const Implementation> barrier_functions() noexcept;
std::span<const Implementation> queue_functions() noexcept;

Ref<PyTypeObject> new_lock_core(PyObject* module) noexcept;
Ref<PyTypeObject> new_event_core(PyObject* module) noexcept;
Ref<PyTypeObject> new_semaphore_core(PyObject* module) noexcept;
Ref<PyTypeObject> new_condition_core(PyObject* module) noexcept;
Ref<PyTypeObject> new_barrier_core(PyObject* module) noexcept;
Ref<PyTypeObject> new_queue_core(PyObject* module) noexcept;

}  // namespace phaseloop
