// How CPython lays out the __slots__ of a Python class that a type of ours derives from.
#pragma once

#include <cstddef>
#include <initializer_list>

#include "bindings/py/ref.h"

namespace phaseloop::py {

struct SlotAt {
  const char* name;
  std::size_t offset;
};

// 0, or -1 with ImportError, naming the class, if slots or size are other than expected.
int check_slots(PyObject* type, const char* type_name, std::initializer_list<SlotAt> slots,
                std::size_t size) noexcept;

}  // namespace phaseloop::py
