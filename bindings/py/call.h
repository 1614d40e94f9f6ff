// Short spellings for calls into Python.
#pragma once

#include "bindings/py/ref.h"

namespace phaseloop::py {

inline Ref<> call(PyObject* callable) noexcept { return steal(PyObject_CallNoArgs(callable)); }
inline Ref<> call(PyObject* callable, PyObject* arg) noexcept {
  return steal(PyObject_CallOneArg(callable, arg));
}
template <class... Rest>
Ref<> call(PyObject* callable, PyObject* first, PyObject* second, Rest*... rest) noexcept {
  PyObject* stack[] = {nullptr, first, second, rest...};
  constexpr std::size_t kCount = 2 + sizeof...(rest);
  return steal(
      PyObject_Vectorcall(callable, stack + 1, kCount | PY_VECTORCALL_ARGUMENTS_OFFSET, nullptr));
}

template <class... Args>
Ref<> call_method(PyObject* self, PyObject* name, Args*... args) noexcept {
  PyObject* stack[] = {self, args...};
  constexpr std::size_t kCount = 1 + sizeof...(args);
  return steal(
      PyObject_VectorcallMethod(name, stack, kCount | PY_VECTORCALL_ARGUMENTS_OFFSET, nullptr));
}
// With one keyword argument after the positional ones; `names` is a tuple of its name.
template <class... Args>
Ref<> call_method_kw(PyObject* self, PyObject* name, PyObject* names, Args*... args) noexcept {
  PyObject* stack[] = {self, args...};
  constexpr std::size_t kCount = sizeof...(args);  // self and all but the keyword's value
  return steal(
      PyObject_VectorcallMethod(name, stack, kCount | PY_VECTORCALL_ARGUMENTS_OFFSET, names));
}

inline Ref<> attribute(PyObject* self, PyObject* name) noexcept {
  return steal(PyObject_GetAttr(self, name));
}

// 1, 0, or -1 with an error set.
inline int truth(const Ref<>& value) noexcept { return value ? PyObject_IsTrue(value.get()) : -1; }

}  // namespace phaseloop::py
