// The core types of asyncio's stream classes, and the functions that stand for their methods.
//
// Each class of ours is made of a core and of asyncio's own class, as primitives are
// (bindings/sync/loop_bound.h). Constructors that cannot be told what loop they are for, debug mode
// and arguments that are not the plain ones are asyncio's own code at work on the core's
// attributes; so is everything on subclasses that override what the native methods rely on.
#pragma once

#include <span>

#include "bindings/core/state.h"
#include "bindings/routine/function.h"

namespace phaseloop {

std::span<const Implementation> reader_functions() noexcept;
std::span<const Implementation> reading_functions() noexcept;
std::span<const Implementation> flow_functions() noexcept;
std::span<const Implementation> stream_protocol_functions() noexcept;
std::span<const Implementation> writer_functions() noexcept;

Ref<PyTypeObject> new_reader_core(PyObject* module) noexcept;
Ref<PyTypeObject> new_flow_core(PyObject* module) noexcept;
// Registers what transports may call natively, too.
Ref<PyTypeObject> new_stream_protocol_core(State& state, PyObject* module) noexcept;
Ref<PyTypeObject> new_writer_core(PyObject* module) noexcept;

}  // namespace phaseloop
