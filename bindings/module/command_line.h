// Script mode's part of the module: the command line, and how a program's end is told.
#pragma once

#include <pybind11/pybind11.h>

namespace phaseloop {

// Adds parse_command_line(), print_exception(), note_interrupt(), and the strings version and
// poller. Throws pybind11::error_already_set.
void add_command_line(pybind11::module_& module);

}  // namespace phaseloop
