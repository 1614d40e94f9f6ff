// Arguments of a vectorcall, borrowed, and their binding to parameters.
//
// bind() follows CPython's own argument parsing, error texts included.
#pragma once

#include <initializer_list>

#include "bindings/py/error.h"
#include "bindings/py/ref.h"

namespace phaseloop::py {

class Args {
 public:
  Args(PyObject* const* data, Py_ssize_t count, PyObject* names) noexcept
      : data_(data), count_(PyVectorcall_NARGS(static_cast<std::size_t>(count))), names_(names) {}

  PyObject* const* data() const noexcept { return data_; }
  Py_ssize_t count() const noexcept { return count_; }
  PyObject* operator[](Py_ssize_t i) const noexcept { return data_[i]; }
  Py_ssize_t keyword_count() const noexcept {
    return names_ == nullptr ? 0 : PyTuple_GET_SIZE(names_);
  }
  PyObject* keyword_name(Py_ssize_t i) const noexcept { return PyTuple_GET_ITEM(names_, i); }
  PyObject* keyword_value(Py_ssize_t i) const noexcept { return data_[count_ + i]; }
  // Positional arguments from `first` on, as a new tuple.
  Ref<> tuple_from(Py_ssize_t first) const noexcept;

 private:
  PyObject* const* data_;
  Py_ssize_t count_;
  PyObject* names_;
};

struct Parameter {
  const char* name;
  PyObject** value;  // where it goes; left alone if the argument is absent
};

struct Signature {
  const char* function;
  Py_ssize_t positional_max;  // of the parameters, how many may be given by position
  Py_ssize_t required;        // of those, how many must be given (by position or name)
  // Further positional arguments are the callee's (call_soon(callback, *args)).
  bool variadic = false;
};

// 0, or -1 with a TypeError set.
int bind(const Signature& signature, Args args,
         std::initializer_list<Parameter> parameters) noexcept;
// The same for tp_init and tp_new, which get a tuple and a dictionary.
int bind(const Signature& signature, PyObject* args, PyObject* keywords,
         std::initializer_list<Parameter> parameters) noexcept;
// bind() without an error. False: these arguments are another function's to judge.
bool fits(const Signature& signature, Args args,
          std::initializer_list<Parameter> parameters) noexcept;

}  // namespace phaseloop::py
