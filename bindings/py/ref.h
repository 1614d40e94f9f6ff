// Owned references to Python objects.
//
// One rule for the whole binding layer: a raw `PyObject*` (or `Task*`, ...) is borrowed, a `Ref<>`
// is owned. Ownership is therefore visible in every signature:
//   Ref<> f()             returns a new reference; empty means "the Python error is set"
//   void  f(Ref<> x)      takes the reference
//   void  f(PyObject* x)  borrows it for the duration of the call
// A decref can run arbitrary Python: make the structure consistent first, release last.
// A borrowed pointer is good until the next call that can run Python code; docs/ARCHITECTURE.md,
// "What C++ code may rely on", has the whole rule.
#pragma once

#include <Python.h>

#include <cstddef>
#include <type_traits>
#include <utility>

namespace phaseloop::py {

template <class T>
PyObject* object(T* ptr) noexcept {
  return reinterpret_cast<PyObject*>(ptr);
}

template <class T = PyObject>
class [[nodiscard]] Ref {
 public:
  constexpr Ref() noexcept = default;
  constexpr Ref(std::nullptr_t) noexcept {}
  Ref(Ref&& other) noexcept : ptr_(other.release()) {}
  template <class U>
    requires(std::is_same_v<T, PyObject> && !std::is_same_v<U, PyObject>)
  Ref(Ref<U>&& other) noexcept : ptr_(object(other.release())) {}
  ~Ref() { Py_XDECREF(obj()); }

  // Stores first, releases last: the decref may run Python code that reads this very field.
  Ref& operator=(Ref&& other) noexcept {
    Ref old(std::exchange(ptr_, other.release()));
    return *this;
  }

  // No implicit construction from a pointer: the caller must say which kind it is.
  static Ref steal(T* ptr) noexcept { return Ref(ptr); }
  static Ref borrow(T* ptr) noexcept {
    Py_XINCREF(object(ptr));
    return Ref(ptr);
  }

  explicit operator bool() const noexcept { return ptr_ != nullptr; }
  T* get() const noexcept { return ptr_; }
  T* operator->() const noexcept { return ptr_; }
  T& operator*() const noexcept { return *ptr_; }
  PyObject* obj() const noexcept { return object(ptr_); }
  Ref share() const noexcept { return borrow(ptr_); }
  [[nodiscard]] T* release() noexcept { return std::exchange(ptr_, nullptr); }

 private:
  explicit Ref(T* ptr) noexcept : ptr_(ptr) {}
  T* ptr_ = nullptr;
};
static_assert(sizeof(Ref<>) == sizeof(PyObject*));

template <class T>
Ref<T> steal(T* ptr) noexcept {
  return Ref<T>::steal(ptr);
}
template <class T>
Ref<T> borrow(T* ptr) noexcept {
  return Ref<T>::borrow(ptr);
}
inline Ref<> none() noexcept { return borrow(Py_None); }
inline Ref<> boolean(bool value) noexcept { return borrow(value ? Py_True : Py_False); }
inline Ref<> or_none(PyObject* ptr) noexcept { return borrow(ptr != nullptr ? ptr : Py_None); }

// A share in an object that C++ structures hold without a Ref, e.g. by being linked in a queue.
template <class T>
void acquire(T* ptr) noexcept {
  Py_INCREF(object(ptr));
}

}  // namespace phaseloop::py
