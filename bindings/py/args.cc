#include "bindings/py/args.h"

namespace phaseloop::py {
namespace {

using Parameters = std::initializer_list<Parameter>;

int too_many(const Signature& signature, Py_ssize_t given) noexcept {
  const char* plural = signature.positional_max == 1 ? "" : "s";
  const bool exact = signature.positional_max == signature.required;
  if (signature.positional_max == 0) {
    return raise(PyExc_TypeError, "%s() takes no positional arguments", signature.function);
  }
  return raise(PyExc_TypeError, "%s() takes %s %zd positional argument%s (%zd given)",
               signature.function, exact ? "exactly" : "at most", signature.positional_max, plural,
               given);
}

// The first `i` of the required parameters are there.
int missing(const Signature& signature, const Parameter& parameter, Py_ssize_t i) noexcept {
  if (*parameter.name == '\0') {  // positional only
    return raise(PyExc_TypeError, "%s() takes exactly %zd positional argument%s (%zd given)",
                 signature.function, signature.required, signature.required == 1 ? "" : "s", i);
  }
  return raise(PyExc_TypeError, "%s() missing required argument '%s' (pos %zd)", signature.function,
               parameter.name, i + 1);
}

int bind_positional(const Signature& signature, PyObject* const* data, Py_ssize_t count,
                    Parameters parameters) noexcept {
  if (count > signature.positional_max && !signature.variadic) return too_many(signature, count);
  Py_ssize_t i = 0;
  for (const Parameter& parameter : parameters) {
    if (i == count || i == signature.positional_max) break;
    *parameter.value = data[i++];
  }
  return 0;
}

int bind_keyword(const Signature& signature, PyObject* name, PyObject* value, Py_ssize_t positional,
                 Parameters parameters) noexcept {
  Py_ssize_t i = 0;
  for (const Parameter& parameter : parameters) {
    if (PyUnicode_Check(name) && PyUnicode_CompareWithASCIIString(name, parameter.name) == 0) {
      if (i < positional && i < signature.positional_max) {
        return raise(PyExc_TypeError, "argument for %s() given by name ('%s') and position (%zd)",
                     signature.function, parameter.name, i + 1);
      }
      *parameter.value = value;
      return 0;
    }
    ++i;
  }
  return raise(PyExc_TypeError, "%s() got an unexpected keyword argument '%U'", signature.function,
               name);
}

int check_required(const Signature& signature, Parameters parameters) noexcept {
  Py_ssize_t i = 0;
  for (const Parameter& parameter : parameters) {
    if (i == signature.required) break;
    if (*parameter.value == nullptr) return missing(signature, parameter, i);
    ++i;
  }
  return 0;
}

}  // namespace

Ref<> Args::tuple_from(Py_ssize_t first) const noexcept {
  if (first >= count_) return steal(PyTuple_New(0));
  Ref<> tuple = steal(PyTuple_New(count_ - first));
  if (!tuple) return raised;
  for (Py_ssize_t i = first; i < count_; ++i) {
    PyTuple_SET_ITEM(tuple.get(), i - first, Py_NewRef(data_[i]));
  }
  return tuple;
}

int bind(const Signature& signature, Args args, Parameters parameters) noexcept {
  if (bind_positional(signature, args.data(), args.count(), parameters) < 0) return -1;
  for (Py_ssize_t i = 0; i < args.keyword_count(); ++i) {
    if (bind_keyword(signature, args.keyword_name(i), args.keyword_value(i), args.count(),
                     parameters) < 0) {
      return -1;
    }
  }
  return check_required(signature, parameters);
}

int bind(const Signature& signature, PyObject* args, PyObject* keywords,
         Parameters parameters) noexcept {
  const Py_ssize_t count = PyTuple_GET_SIZE(args);
  if (bind_positional(signature, &PyTuple_GET_ITEM(args, 0), count, parameters) < 0) return -1;
  if (keywords != nullptr) {
    PyObject *name = nullptr, *value = nullptr;
    for (Py_ssize_t at = 0; PyDict_Next(keywords, &at, &name, &value) != 0;) {
      if (bind_keyword(signature, name, value, count, parameters) < 0) return -1;
    }
  }
  return check_required(signature, parameters);
}

bool fits(const Signature& signature, Args args, Parameters parameters) noexcept {
  if (bind(signature, args, parameters) == 0) return true;
  ignore_error();
  return false;
}

}  // namespace phaseloop::py
