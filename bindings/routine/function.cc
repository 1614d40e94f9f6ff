#include "bindings/routine/function.h"

#include <structmember.h>

#include <string_view>

#include "bindings/objects/coroutine_face.h"
#include "bindings/py/call.h"
#include "bindings/py/error.h"
#include "bindings/py/gc.h"
#include "bindings/py/method.h"

namespace phaseloop {
namespace {

using py::Args;

struct Function {
  PyObject_HEAD
  vectorcallfunc vectorcall;
  const Implementation* implementation;
  Ref<State> state;  // empty, as the others, once the collector has taken the function apart
  Ref<> stock;       // whose attributes it has
  Ref<> otherwise;   // which gets the calls that are not plain
  PyObject* weak_references;
  bool makes_coroutines;

  auto refs() { return std::tie(state, stock, otherwise); }
};

Function& function_of(PyObject* self) noexcept { return *reinterpret_cast<Function*>(self); }
Ref<> stock_of(PyObject* self) noexcept { return py::or_none(function_of(self).stock.get()); }

PyObject* call(PyObject* self, PyObject* const* args, std::size_t count, PyObject* names) noexcept {
  Function& function = function_of(self);
  if (function.makes_coroutines && notes_origins()) [[unlikely]] {
    Ref<> other = py::or_none(function.otherwise.get());
    return PyObject_Vectorcall(other.get(), args, count, names);
  }
  const Implementation* implementation = function.implementation;
  Ref<> result =
      implementation->call(*function.state, Args(args, static_cast<Py_ssize_t>(count), names));
  if (result || PyErr_Occurred() != nullptr) return result.release();
  const bool is_stocks = implementation == &stock_without_keywords && names == nullptr;
  Ref<> other = py::or_none((is_stocks ? function.stock : function.otherwise).get());
  return PyObject_Vectorcall(other.get(), args, count, names);
}

PyObject* call_cleared(PyObject*, PyObject* const*, std::size_t, PyObject*) noexcept {
  py::raise(PyExc_RuntimeError, "the function is called after the interpreter has cleared it");
  return nullptr;
}

PyObject* bind(PyObject* self, PyObject* instance, PyObject*) noexcept {
  if (instance == nullptr || instance == Py_None) return py::borrow(self).release();
  return PyMethod_New(self, instance);
}

Ref<> qualified_name(PyObject* self) noexcept {
  return py::steal(PyObject_GetAttrString(stock_of(self).get(), "__qualname__"));
}

// What pickle and copy make of a function: its name.
Ref<> reduce(PyObject* self, PyObject*) noexcept {
  Ref<> name = qualified_name(self);
  State* state = function_of(self).state.get();
  PyObject* reducer = state != nullptr ? state->reduce_function.get() : nullptr;
  if (!name || reducer == nullptr) return name;
  return py::call(reducer, self, name.get());
}

// For those who ask past __getattribute__, as inspect.getdoc() does.
Ref<> get_doc(PyObject* self) noexcept {
  return py::steal(PyObject_GetAttrString(stock_of(self).get(), "__doc__"));
}

// Ours are the protocols; everything that can be read is the stock function's, its class included.
bool is_own(std::string_view name) noexcept {
  return name == "__call__" || name == "__get__" || name == "__reduce__" ||
         name == "__reduce_ex__" || name == "__hash__" || name == "__eq__" || name == "__repr__" ||
         name == "__self__";
}

PyObject* get_attribute(PyObject* self, PyObject* name) noexcept {
  const char* text = PyUnicode_AsUTF8(name);
  if (text == nullptr) return nullptr;
  if (is_own(text)) return PyObject_GenericGetAttr(self, name);
  return PyObject_GetAttr(stock_of(self).get(), name);
}

int set_attribute(PyObject* self, PyObject* name, PyObject* value) noexcept {
  return PyObject_SetAttr(stock_of(self).get(), name, value);
}

PyObject* repr(PyObject* self) noexcept {
  Ref<> name = qualified_name(self);
  return name ? PyUnicode_FromFormat("<function %S at %p>", name.get(), self) : nullptr;
}

void dealloc(PyObject* self) noexcept {
  PyObject_GC_UnTrack(self);
  PyObject_ClearWeakRefs(self);
  py::clear_refs(function_of(self));
  py::free_object(self);
}

int clear(PyObject* self) noexcept {
  function_of(self).vectorcall = call_cleared;
  return py::Gc<Function>::clear(self);
}

PyMethodDef methods[] = {py::method<reduce>("__reduce_ex__", nullptr), {}};
PyGetSetDef attributes[] = {py::getter<get_doc>("__doc__"), {}};
PyMemberDef members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(Function, vectorcall), READONLY, nullptr},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(Function, weak_references), READONLY, nullptr},
    {}};
PyType_Slot slots[] = {{Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
                       {Py_tp_descr_get, reinterpret_cast<void*>(bind)},
                       {Py_tp_getattro, reinterpret_cast<void*>(get_attribute)},
                       {Py_tp_setattro, reinterpret_cast<void*>(set_attribute)},
                       {Py_tp_repr, reinterpret_cast<void*>(repr)},
                       {Py_tp_traverse, reinterpret_cast<void*>(py::Gc<Function>::traverse)},
                       {Py_tp_clear, reinterpret_cast<void*>(clear)},
                       {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
                       {Py_tp_methods, methods},
                       {Py_tp_members, members},
                       {Py_tp_getset, attributes},
                       {0, nullptr}};
PyType_Spec spec = {"phaseloop._native.function", sizeof(Function), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL |
                        Py_TPFLAGS_METHOD_DESCRIPTOR | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                    slots};

}  // namespace

const Implementation no_implementation{"no_implementation",
                                       [](State&, Args) noexcept -> Ref<> { return nullptr; }};
const Implementation stock_without_keywords{"stock_without_keywords", no_implementation.call};

namespace {

// A function defined by `async def`.
bool is_coroutine_function(PyObject* function) noexcept {
  if (!PyFunction_Check(function)) return false;
  auto* code = reinterpret_cast<PyCodeObject*>(PyFunction_GetCode(function));
  return (code->co_flags & CO_COROUTINE) != 0;
}

}  // namespace

Ref<> make_function(State& state, const Implementation& implementation, PyObject* stock,
                    PyObject* otherwise) noexcept {
  PyTypeObject* type = state.function_type.get();
  Ref<> made = py::steal(type->tp_alloc(type, 0));
  if (!made) return py::raised;
  Function& function = function_of(made.get());
  function.vectorcall = call;
  function.implementation = &implementation;
  function.state = py::borrow(&state);
  function.stock = py::borrow(stock);
  function.otherwise = py::borrow(otherwise);
  function.makes_coroutines = is_coroutine_function(stock);
  return made;
}

Ref<PyTypeObject> new_function_type(PyObject* module) noexcept {
  return py::steal(
      reinterpret_cast<PyTypeObject*>(PyType_FromModuleAndSpec(module, &spec, nullptr)));
}

}  // namespace phaseloop
