// Which python3 an interpreter of ours stands for: its standard library and virtual environment are
// found by that path, as they would be for python3 itself.
#pragma once

#include <optional>
#include <string>

namespace phaseloop {

// The absolute path of a program as typed, found on PATH if it has no slash; links are kept, since
// they are what places a program in a virtual environment. Unchanged if it is nowhere.
std::string located(const std::string& program);

// The python3 in the virtual environment that `program`, a located path, lies in; else in the one
// that is active, if it is for this version of Python ("3.14"); nullopt without one.
std::optional<std::string> python_of_environment(const std::string& program,
                                                 const std::string& version);

}  // namespace phaseloop
