#include "bindings/core/stock.h"

#include <string_view>

#include "bindings/py/call.h"
#include "bindings/py/error.h"

namespace phaseloop {
namespace {

// Takes away the pending error if it says that something is not there. Any other error stays.
bool consume_absence() noexcept {
  return py::consume_error(PyExc_AttributeError) || py::consume_error(PyExc_ImportError);
}

Ref<> from_module(const char* module_name, const char* attribute) noexcept {
  Ref<> module = py::steal(PyImport_ImportModule(module_name));
  if (!module) return py::raised;
  return py::steal(PyObject_GetAttrString(module.get(), attribute));
}

PyObject* refuse(PyObject* type, PyObject*, PyObject*) noexcept {
  return py::raise(PyExc_NotImplementedError, "%s is needed for this, and this Python lacks it",
                   reinterpret_cast<PyTypeObject*>(type)->tp_doc);
}

// Exceptions of asyncio's that nobody raises can still be named in what our code catches and
// raises.
bool names_exception(std::string_view name) noexcept {
  return name.ends_with("Error") || name.ends_with("Empty") || name.ends_with("Full");
}

Ref<> stand_in(const char* module, const char* attribute) noexcept {
  Ref<> name = py::steal(PyUnicode_FromFormat("%s.%s", module, attribute));
  const char* text = name ? PyUnicode_AsUTF8(name.get()) : nullptr;
  if (text == nullptr) return py::raised;
  if (names_exception(attribute)) return py::steal(PyErr_NewException(text, nullptr, nullptr));
  PyType_Slot slots[] = {{Py_tp_new, reinterpret_cast<void*>(refuse)},
                         {Py_tp_doc, const_cast<char*>(text)},
                         {0, nullptr}};
  PyType_Spec spec = {text, 0, 0, Py_TPFLAGS_DEFAULT, slots};
  return py::steal(PyType_FromSpec(&spec));
}

bool has_slots(PyObject* stock, PyObject* base, std::initializer_list<py::SlotAt> slots,
               std::size_t size) noexcept {
  if (!PyType_Check(stock)) return false;
  auto* type = reinterpret_cast<PyTypeObject*>(stock);
  if (type->tp_basicsize != static_cast<Py_ssize_t>(size)) return false;
  if (base != nullptr && !PyType_IsSubtype(type, reinterpret_cast<PyTypeObject*>(base))) {
    return false;
  }
  return py::slots_lie_at(stock, slots);
}

// Whether asyncio's class has this to give: a function that does not know its class by super(), or
// another plain attribute.
bool can_move(PyObject* name, PyObject* value) noexcept {
  for (const char* own : {"__slots__", "__dict__", "__weakref__", "__classcell__"}) {
    if (PyUnicode_CompareWithASCIIString(name, own) == 0) return false;
  }
  if (Py_IS_TYPE(value, &PyMemberDescr_Type)) return false;
  return !PyFunction_Check(value) || PyFunction_GetClosure(value) == nullptr;
}

Ref<> movable_attributes(PyObject* stock) noexcept {
  Ref<> result = py::steal(PyDict_New());
  Ref<> all = result ? py::steal(PyObject_GetAttrString(stock, "__dict__")) : nullptr;
  Ref<> items = all ? py::steal(PyMapping_Items(all.get())) : nullptr;
  if (!items) return py::raised;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(items.get()); ++i) {
    PyObject* item = PyList_GET_ITEM(items.get(), i);
    PyObject *name = PyTuple_GET_ITEM(item, 0), *value = PyTuple_GET_ITEM(item, 1);
    if (can_move(name, value) && PyDict_SetItem(result.get(), name, value) < 0) return py::raised;
  }
  return result;
}

// The names that a class of ours adds to `base`; one that derives from object adds __weakref__,
// too.
Ref<> slot_names(PyObject* base, std::initializer_list<py::SlotAt> slots) noexcept {
  Ref<> names = py::steal(PyList_New(0));
  if (!names) return py::raised;
  auto add = [&](const char* text) {
    Ref<> name = py::steal(PyUnicode_FromString(text));
    return name && PyList_Append(names.get(), name.get()) == 0;
  };
  for (const py::SlotAt& slot : slots) {
    if (base != nullptr && PyObject_HasAttrString(base, slot.name) != 0) continue;
    if (!add(slot.name)) return py::raised;
  }
  return names;
}

}  // namespace

Ref<> attribute_if_there(PyObject* object, const char* name) noexcept {
  Ref<> found = py::steal(PyObject_GetAttrString(object, name));
  if (!found) consume_absence();
  return found;
}

Ref<> from_asyncio_if_there(const char* module, const char* attribute) noexcept {
  for (const char* place : {module, "asyncio", "_asyncio", "asyncio.tasks", "asyncio.events"}) {
    Ref<> found = from_module(place, attribute);
    if (found || !consume_absence()) return found;
  }
  return nullptr;
}

Ref<> from_asyncio(const char* module, const char* attribute) noexcept {
  Ref<> found = from_asyncio_if_there(module, attribute);
  return found || PyErr_Occurred() != nullptr ? std::move(found) : stand_in(module, attribute);
}

Ref<> class_with_slots(const Ref<>& stock, PyObject* base, std::initializer_list<py::SlotAt> slots,
                       std::size_t size) noexcept {
  if (has_slots(stock.get(), base, slots, size)) return stock.share();
  Ref<> names = slot_names(base, slots);
  Ref<> attributes = !PyType_Check(stock.get()) ? py::steal(PyDict_New())
                     : names                    ? movable_attributes(stock.get())
                                                : nullptr;
  Ref<> name = attributes ? attribute_if_there(stock.get(), "__name__") : nullptr;
  if (PyErr_Occurred() != nullptr) return py::raised;
  if (!name || !PyUnicode_Check(name.get())) name = py::steal(PyUnicode_FromString("Handle"));
  Ref<> bases = base != nullptr ? py::steal(PyTuple_Pack(1, base)) : py::steal(PyTuple_New(0));
  if (!names || !name || !bases ||
      PyDict_SetItemString(attributes.get(), "__slots__", names.get()) < 0) {
    return py::raised;
  }
  Ref<> made = py::call(py::object(&PyType_Type), name.get(), bases.get(), attributes.get());
  if (!made || has_slots(made.get(), base, slots, size)) return made;
  return py::raise(PyExc_ImportError,
                   "phaseloop was built for another CPython, which lays out __slots__ otherwise; "
                   "reinstall it for this interpreter");
}

}  // namespace phaseloop
