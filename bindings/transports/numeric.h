// Addresses that are numbers already: no resolver is asked, no thread needed.
#pragma once

#include "bindings/core/state.h"
#include "bindings/py/args.h"

namespace phaseloop {

// numeric_address(host, port, family, type, proto, flags): the address of the one entry that
// socket.getaddrinfo() has for them, if it follows from the arguments alone; None if it is for the
// resolver to say. Odd arguments are the resolver's to judge, too.
Ref<> numeric_address(PyObject* module, py::Args args) noexcept;

}  // namespace phaseloop
