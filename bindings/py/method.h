// Turns C++ functions into entries of CPython's method and attribute tables.
//
// The function's signature decides the calling convention:
//   Ref<> f(PyObject* self)                    METH_NOARGS
//   Ref<> f(PyObject* self, PyObject* arg)     METH_O
//   Ref<> f(PyObject* self, Args args)         METH_FASTCALL | METH_KEYWORDS
// On free-threaded builds every call holds the critical section of `self`.
#pragma once

#include <algorithm>
#include <cstddef>

#include "bindings/py/args.h"
#include "bindings/py/critical.h"
#include "bindings/py/ref.h"

namespace phaseloop::py {

template <auto Fn>
struct Thunk;

template <Ref<> (*Fn)(PyObject*) noexcept>
struct Thunk<Fn> {
  static PyObject* call(PyObject* self, PyObject*) noexcept {
    CriticalSection section(self);
    return Fn(self).release();
  }
  static constexpr int kFlags = METH_NOARGS;
};
template <Ref<> (*Fn)(PyObject*, PyObject*) noexcept>
struct Thunk<Fn> {
  static PyObject* call(PyObject* self, PyObject* arg) noexcept {
    CriticalSection section(self);
    return Fn(self, arg).release();
  }
  static constexpr int kFlags = METH_O;
};
template <Ref<> (*Fn)(PyObject*, Args) noexcept>
struct Thunk<Fn> {
  static PyObject* call(PyObject* self, PyObject* const* args, Py_ssize_t count,
                        PyObject* names) noexcept {
    CriticalSection section(self);
    return Fn(self, Args(args, count, names)).release();
  }
  static constexpr int kFlags = METH_FASTCALL | METH_KEYWORDS;
};

// A text as a template's argument.
template <std::size_t N>
struct Text {
  consteval Text(const char (&given)[N]) noexcept { std::copy_n(given, N, text); }
  char text[N];
};
// method<with_name<f, "write", "data">>: a function of one argument that may be given by name, too.
template <Ref<> (*Fn)(PyObject*, PyObject*) noexcept, Text Method, Text Name>
Ref<> with_name(PyObject* self, Args args) noexcept {
  if (args.count() == 1 && args.keyword_count() == 0) [[likely]]
    return Fn(self, args[0]);
  PyObject* given = nullptr;
  if (bind({Method.text, 1, 1}, args, {{Name.text, &given}}) < 0) return raised;
  return Fn(self, given);
}

template <auto Fn>
inline PyMethodDef method(const char* name, const char* doc) noexcept {
  return {name, reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(&Thunk<Fn>::call)),
          Thunk<Fn>::kFlags, doc};
}

template <Ref<> (*Fn)(PyObject*)>
inline PyGetSetDef getter(const char* name, const char* doc = nullptr) noexcept {
  return {name,
          [](PyObject* self, void*) noexcept {
            CriticalSection section(self);
            return Fn(self).release();
          },
          nullptr, doc, nullptr};
}

// `Set` is given null for `del`.
template <Ref<> (*Get)(PyObject*), int (*Set)(PyObject*, PyObject*)>
inline PyGetSetDef property(const char* name, const char* doc = nullptr) noexcept {
  return {name,
          [](PyObject* self, void*) noexcept {
            CriticalSection section(self);
            return Get(self).release();
          },
          [](PyObject* self, PyObject* value, void*) noexcept {
            CriticalSection section(self);
            return Set(self, value);
          },
          doc, nullptr};
}

}  // namespace phaseloop::py
