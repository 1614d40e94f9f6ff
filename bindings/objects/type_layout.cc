#include "bindings/objects/type_layout.h"

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
