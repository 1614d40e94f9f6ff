// A listening socket: accepts, and starts a transport for every connection.
//
// Owner: the loop while it listens, and whoever holds it. Thread: the loop's. Order: connections in
// the order the system has them; each one's protocol factory is called one iteration after it was
// accepted, as asyncio does it in a task. TLS servers take asyncio's own way.
#pragma once

#include "bindings/core/state.h"

namespace phaseloop {

Ref<PyTypeObject> new_listener_type(PyObject* module) noexcept;

}  // namespace phaseloop
