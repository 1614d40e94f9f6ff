#include "bindings/objects/type_layout.h"

#include <cstring>

#include "bindings/objects/future.h"

namespace phaseloop {

BaseSlots future_base;
BaseSlots task_base;

void BaseSlots::take(const Ref<>& type) noexcept {
  dealloc = as_type(type)->tp_dealloc;
  traverse = as_type(type)->tp_traverse;
  clear = as_type(type)->tp_clear;
}

void BaseSlots::finish_dealloc(PyObject* self) const noexcept {
#if PY_VERSION_HEX < 0x030c0000
  // A static base knows nothing of its heap type's count.
  Ref<> type = py::steal(py::object(Py_TYPE(self)));
#endif
  dealloc(self);
}

void BaseSlots::recycle(PyObject* self, py::FreeList& list) const noexcept {
  PyTypeObject* type = Py_TYPE(self);
  if (*reinterpret_cast<PyObject**>(reinterpret_cast<char*>(self) + type->tp_weaklistoffset) !=
      nullptr) {
    PyObject_ClearWeakRefs(self);
  }
  clear(self);
  // Flags that the base does not reset.
  std::memset(self + 1, 0, static_cast<std::size_t>(future_offset) - sizeof(PyObject));
  list.give(self);
}

Ref<PyTypeObject> derive_type(PyObject* module, PyType_Spec& spec, PyObject* bases) noexcept {
  return py::steal(reinterpret_cast<PyTypeObject*>(PyType_FromModuleAndSpec(module, &spec, bases)));
}

void extend_type(PyTypeObject* type, Py_ssize_t size) noexcept {
  type->tp_basicsize = size;
#ifdef _Py_TPFLAGS_DISJOINT_BASE
  // From 3.15 this flag, not the size, says that a type can't be combined with another layout.
  type->tp_flags |= _Py_TPFLAGS_DISJOINT_BASE;
#elif defined(Py_TPFLAGS_DISJOINT_BASE)
  type->tp_flags |= Py_TPFLAGS_DISJOINT_BASE;
#endif
}

}  // namespace phaseloop
