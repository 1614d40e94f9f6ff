// How CPython lays out the __slots__ of a Python class that a type of ours derives from.
#pragma once

#include <cstddef>
#include <initializer_list>

#include "bindings/py/ref.h"

namespace phaseloop::py {

struct SlotAt {
  const char* name;
  std::size_t offset;  // 0: anywhere
};

// Whether the type has each of the slots at its offset. Sets no error.
bool slots_lie_at(PyObject* type, std::initializer_list<SlotAt> slots) noexcept;

}  // namespace phaseloop::py
