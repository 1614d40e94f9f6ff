// Weak references.
#pragma once

#include "bindings/py/ref.h"

namespace phaseloop::py {

// What the weak reference refers to; empty, without an error, if that is gone.
// REQUIRES: PyWeakref_Check().
inline Ref<> referent(PyObject* reference) noexcept {
#if PY_VERSION_HEX >= 0x030d0000
  PyObject* object = nullptr;
  PyWeakref_GetRef(reference, &object);
  return steal(object);
#else
  PyObject* object = PyWeakref_GetObject(reference);
  return object != Py_None ? borrow(object) : nullptr;
#endif
}

}  // namespace phaseloop::py
