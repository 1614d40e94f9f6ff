#include "bindings/py/error.h"

namespace phaseloop::py {

int stack_is_short() noexcept {
  return raise(PyExc_RecursionError, "maximum recursion depth exceeded");
}

Ref<> fetch_error() noexcept {
#if PY_VERSION_HEX >= 0x030c0000
  return steal(PyErr_GetRaisedException());
#else
  PyObject *type = nullptr, *value = nullptr, *traceback = nullptr;
  PyErr_Fetch(&type, &value, &traceback);
  if (type == nullptr) return nullptr;
  PyErr_NormalizeException(&type, &value, &traceback);
  if (traceback != nullptr) PyException_SetTraceback(value, traceback);
  Py_XDECREF(traceback);
  Py_DECREF(type);
  return steal(value);
#endif
}

void restore_error(Ref<> exception) noexcept {
#if PY_VERSION_HEX >= 0x030c0000
  PyErr_SetRaisedException(exception.release());
#else
  PyObject* value = exception.release();
  PyObject* type = Py_NewRef(object(Py_TYPE(value)));
  PyErr_Restore(type, value, PyException_GetTraceback(value));
#endif
}

Raised raise_exception(PyObject* exception) noexcept {
  PyErr_SetObject(object(Py_TYPE(exception)), exception);
  return raised;
}

bool consume_error(PyObject* type) noexcept {
  if (PyErr_ExceptionMatches(type) == 0) return false;
  PyErr_Clear();
  return true;
}

void chain_pending(PyObject* earlier) noexcept {
  Ref<> error = fetch_error();
  if (earlier != nullptr && error.get() != earlier) {
    Ref<> context = steal(PyException_GetContext(error.get()));
    if (!context) PyException_SetContext(error.get(), borrow(earlier).release());
  }
  restore_error(std::move(error));
}

void ignore_error() noexcept { PyErr_Clear(); }

bool ends_the_run(PyObject* exception) noexcept {
  return PyErr_GivenExceptionMatches(exception, PyExc_KeyboardInterrupt) != 0 ||
         PyErr_GivenExceptionMatches(exception, PyExc_SystemExit) != 0;
}

void write_unraisable(PyObject* where) noexcept { PyErr_WriteUnraisable(where); }

}  // namespace phaseloop::py
