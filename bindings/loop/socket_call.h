// sock_recv() and the other calls on sockets: operations that try at once, and again whenever the
// poller says so.
//
// The hot ones make the system call themselves; the others call the socket's own method, and
// BlockingIOError is what says "not now". Plain sockets on the loop that drives the task, not in
// debug mode: everything else is asyncio's function for it, as with every operation.
// Owner: whoever awaits it; while it waits, the loop too. Thread: the loop's.
#pragma once

#include <span>

#include "bindings/core/state.h"
#include "bindings/py/ref.h"
#include "bindings/routine/function.h"

namespace phaseloop {

// What the call waits for has come, or so it seems.
void socket_ready(PyObject* call) noexcept;

std::span<const Implementation> socket_functions() noexcept;
Ref<PyTypeObject> new_socket_call_type(State& state, PyObject* module) noexcept;

}  // namespace phaseloop
