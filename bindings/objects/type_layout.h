// Types that derive from _asyncio's and have storage of their own behind it.
//
// CPython refuses a type with two bases that both extend _asyncio.Future, and Task must have two:
// _asyncio.Task and our Future. So both types are made without storage of their own and extended
// afterwards, before any instance or subclass exists; ours begins behind the larger base in either.
#pragma once

#include "bindings/core/state.h"

namespace phaseloop {

// A type with its bases' storage only. `bases`: a type or a tuple.
Ref<PyTypeObject> derive_type(PyObject* module, PyType_Spec& spec, PyObject* bases) noexcept;
// From now on instances are `size` bytes.
void extend_type(PyTypeObject* type, Py_ssize_t size) noexcept;

// Slots of the asyncio type that a type of ours derives from: C functions, the same in every
// interpreter of the process.
struct BaseSlots {
  destructor dealloc;
  traverseproc traverse;
  inquiry clear;

  void take(const Ref<>& type) noexcept;
  // The end of a tp_dealloc: the base clears its part and frees the object.
  void finish_dealloc(PyObject* self) const noexcept;
  // The same for an object that was not finalised and for which the list has room.
  void recycle(PyObject* self, py::FreeList& list) const noexcept;
};
extern BaseSlots future_base;
extern BaseSlots task_base;

inline PyTypeObject* as_type(const Ref<>& type) noexcept {
  return reinterpret_cast<PyTypeObject*>(type.get());
}

}  // namespace phaseloop
