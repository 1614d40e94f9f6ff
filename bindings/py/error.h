// Failure is a value: an empty Ref, -1 or false, with the Python error indicator set.
// No C++ exceptions: a throw makes a failing path four to six times slower, and cancellation is
// routine here.
#pragma once

#include "bindings/py/ref.h"
#include "runtime/base/stack.h"

namespace phaseloop::py {

// What every failed call returns. Converts to each of CPython's spellings of failure.
struct Raised {
  template <class T>
  operator Ref<T>() const noexcept {
    return nullptr;
  }
  operator int() const noexcept { return -1; }
  operator PyObject*() const noexcept { return nullptr; }
};
inline constexpr Raised raised{};

template <class... Args>
[[gnu::cold]] Raised raise(PyObject* type, const char* format, Args... args) noexcept {
  PyErr_Format(type, format, args...);
  return raised;
}

// Begins every path on which native code may call itself through Python objects: 0, or -1 with
// RecursionError set.
[[gnu::cold]] int stack_is_short() noexcept;
inline int check_stack() noexcept { return Stack::is_short() ? stack_is_short() : 0; }
// Takes the pending error, traceback included, as one exception object; empty if there is none.
Ref<> fetch_error() noexcept;
// Makes `exception` the pending error again.
void restore_error(Ref<> exception) noexcept;
// Raises an existing exception object, as `raise exc` does.
Raised raise_exception(PyObject* exception) noexcept;
// Sets the pending error aside for the lifetime of the scope: for code that must run either way.
class ErrorScope {
 public:
  ErrorScope() noexcept : saved_(fetch_error()) {}
  ~ErrorScope() {
    if (saved_) restore_error(std::move(saved_));
  }
  ErrorScope(const ErrorScope&) = delete;
  ErrorScope& operator=(const ErrorScope&) = delete;

 private:
  Ref<> saved_;
};
// As within `except`: what is raised meanwhile has `exception` as its context.
class HandlingScope {
 public:
  explicit HandlingScope(PyObject* exception) noexcept
      : outer_(steal(PyErr_GetHandledException())) {
    PyErr_SetHandledException(exception);
  }
  ~HandlingScope() { PyErr_SetHandledException(outer_ ? outer_.get() : Py_None); }
  HandlingScope(const HandlingScope&) = delete;
  HandlingScope& operator=(const HandlingScope&) = delete;

 private:
  Ref<> outer_;
};
// If the pending error is one of `type`, takes it away and says true.
bool consume_error(PyObject* type) noexcept;
// The pending error came out of handling `earlier` (null: of nothing), as within `except`.
void chain_pending(PyObject* earlier) noexcept;
// The pending error, whatever it is, does not matter: the caller has another way.
void ignore_error() noexcept;
// KeyboardInterrupt and SystemExit leave the loop; everything else is reported.
bool ends_the_run(PyObject* exception) noexcept;
// The pending error went where nobody can handle it: sys.unraisablehook, naming `where`.
void write_unraisable(PyObject* where) noexcept;

}  // namespace phaseloop::py
