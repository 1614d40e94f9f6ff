// Short spellings for calls into Python.
//
// Each call owns a reference to everything it passes on, until it returns. The caller may therefore
// pass what only an attribute or a container keeps alive: Python code that the call runs may
// replace or empty that. What the caller uses AFTER the call it must own itself (ref.h).
#pragma once

#include "bindings/py/ref.h"

namespace phaseloop::py {

// References to what a call is about, for its duration.
template <std::size_t N>
class Held {
 public:
  template <class... Objects>
  explicit Held(Objects*... objects) noexcept
      : objects_{borrow(static_cast<PyObject*>(objects))...} {}

 private:
  Ref<> objects_[N];
};
template <class... Objects>
Held(Objects*...) -> Held<sizeof...(Objects)>;

inline Ref<> call(PyObject* callable) noexcept {
  const Held held(callable);
  return steal(PyObject_CallNoArgs(callable));
}
inline Ref<> call(PyObject* callable, PyObject* arg) noexcept {
  const Held held(callable, arg);
  return steal(PyObject_CallOneArg(callable, arg));
}
template <class... Rest>
Ref<> call(PyObject* callable, PyObject* first, PyObject* second, Rest*... rest) noexcept {
  const Held held(callable, first, second, rest...);
  PyObject* stack[] = {nullptr, first, second, rest...};
  constexpr std::size_t kCount = 2 + sizeof...(rest);
  return steal(
      PyObject_Vectorcall(callable, stack + 1, kCount | PY_VECTORCALL_ARGUMENTS_OFFSET, nullptr));
}

template <class... Args>
Ref<> call_method(PyObject* self, PyObject* name, Args*... args) noexcept {
  const Held held(self, args...);
  PyObject* stack[] = {self, args...};
  constexpr std::size_t kCount = 1 + sizeof...(args);
  return steal(
      PyObject_VectorcallMethod(name, stack, kCount | PY_VECTORCALL_ARGUMENTS_OFFSET, nullptr));
}
// With one keyword argument after the positional ones; `names` is a tuple of its name.
template <class... Args>
Ref<> call_method_kw(PyObject* self, PyObject* name, PyObject* names, Args*... args) noexcept {
  const Held held(self, args...);
  PyObject* stack[] = {self, args...};
  constexpr std::size_t kCount = sizeof...(args);  // self and all but the keyword's value
  return steal(
      PyObject_VectorcallMethod(name, stack, kCount | PY_VECTORCALL_ARGUMENTS_OFFSET, names));
}

inline Ref<> attribute(PyObject* self, PyObject* name) noexcept {
  const Held held(self);
  return steal(PyObject_GetAttr(self, name));
}

// `object` as a condition: 1, 0, or -1 with an error set.
inline int truth(PyObject* object) noexcept {
  const Held held(object);
  return PyObject_IsTrue(object);
}
// The same of a result; -1 if there is none.
inline int truth(const Ref<>& value) noexcept { return value ? PyObject_IsTrue(value.get()) : -1; }

}  // namespace phaseloop::py
