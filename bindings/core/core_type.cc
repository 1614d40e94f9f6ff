#include "bindings/core/core_type.h"

#include "bindings/py/error.h"

namespace phaseloop {

bool overrides_nothing(PyTypeObject* type, PyObject* base,
                       std::span<const char* const> names) noexcept {
  if (py::object(type) == base) return true;
  for (const char* name : names) {
    Ref<> ours = py::steal(PyObject_GetAttrString(base, name));
    Ref<> theirs = py::steal(PyObject_GetAttrString(py::object(type), name));
    if (!ours || !theirs || ours.get() != theirs.get()) {
      py::ignore_error();  // a class without it is none that we know
      return false;
    }
  }
  return true;
}

}  // namespace phaseloop
