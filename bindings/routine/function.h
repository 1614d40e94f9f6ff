// A function in C++ that cannot be told from the function in asyncio's source whose place it takes.
//
// Name, docstring, signature, code flags (is it a coroutine function?), module: every attribute is
// that of the function replaced ("stock"), which also gets every call whose arguments are not the
// plain ones, so that errors are its own; or another function gets those ("otherwise"), which takes
// what the stock function no longer does. While the interpreter notes where coroutines are made
// (debug mode), coroutine functions pass every call on: that is for coroutines of `async def`
// alone. As a class attribute it binds like any function.
#pragma once

#include "bindings/core/state.h"
#include "bindings/py/args.h"
#include "bindings/py/ref.h"

namespace phaseloop {

// What there is instead of the stock function. `args` has self first where it is a method.
// Returning empty without an error set means: these arguments are for the function `otherwise`.
struct Implementation {
  const char* name;  // "Lock.acquire"
  Ref<> (*call)(State& state, py::Args args) noexcept;
};

// The implementation in place of `stock`.
Ref<> make_function(State& state, const Implementation& implementation, PyObject* stock,
                    PyObject* otherwise) noexcept;
// Where there is none: every call is for `otherwise`; or those with keyword arguments are, and the
// rest for `stock`.
extern const Implementation no_implementation, stock_without_keywords;

// The plain call of a method without arguments: self, or null. `type`: what self has to be.
inline PyObject* only_self(py::Args args, const Ref<PyTypeObject>& type) noexcept {
  if (args.count() != 1 || args.keyword_count() != 0) return nullptr;
  return PyObject_TypeCheck(args[0], type.get()) != 0 ? args[0] : nullptr;
}

Ref<PyTypeObject> new_function_type(PyObject* module) noexcept;

}  // namespace phaseloop
