// How the core type of one of asyncio's classes is made, and what its subclasses leave as it is.
#pragma once

#include <span>

#include "bindings/core/state.h"
#include "bindings/py/gc.h"
#include "bindings/py/ref.h"

namespace phaseloop {

// An instance of the very class that goes with the core, none of a class derived from it, where a
// method that is called here may be overridden.
inline bool is_exactly(PyObject* self, const Ref<PyTypeObject>& core) noexcept {
  return Py_TYPE(self)->tp_base == core.get();
}

// The class overrides nothing of these names of `base`, from which it derives. No error is set.
bool overrides_nothing(PyTypeObject* type, PyObject* base,
                       std::span<const char* const> names) noexcept;

// `Core` has PyObject_HEAD first and refs(). `base`: a core type that it extends.
template <class Core>
Ref<PyTypeObject> new_core_type(PyObject* module, const char* name, PyGetSetDef* fields,
                                destructor dealloc = py::Gc<Core>::dealloc,
                                PyObject* base = nullptr) noexcept {
  PyType_Slot slots[] = {{Py_tp_traverse, reinterpret_cast<void*>(py::Gc<Core>::traverse)},
                         {Py_tp_clear, reinterpret_cast<void*>(py::Gc<Core>::clear)},
                         {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
                         {Py_tp_getset, fields},
                         {0, nullptr}};
  PyType_Spec spec = {name, static_cast<int>(sizeof(Core)), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE, slots};
  return py::steal(reinterpret_cast<PyTypeObject*>(PyType_FromModuleAndSpec(module, &spec, base)));
}

}  // namespace phaseloop
