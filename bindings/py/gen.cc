#include "bindings/py/gen.h"

#include "bindings/py/call.h"

namespace phaseloop::py {
namespace {

// The value of the pending StopIteration, which is taken away. Empty: another error is pending.
Ref<> take_stop_iteration() noexcept {
  if (PyErr_Occurred() == nullptr) return none();
  if (PyErr_ExceptionMatches(PyExc_StopIteration) == 0) return raised;
  Ref<> error = fetch_error();
  auto* stop = reinterpret_cast<PyStopIterationObject*>(error.get());
  return or_none(stop->value);
}

#if PY_VERSION_HEX >= 0x030c0000 && !defined(Py_GIL_DISABLED)
constexpr bool kReuse = true;
#else
constexpr bool kReuse =
    false;  // exceptions are made when somebody looks; or threads share the slot
#endif

PyStopIterationObject& stop_of(const Ref<>& exception) noexcept {
  return *reinterpret_cast<PyStopIterationObject*>(exception.get());
}

}  // namespace

bool StopIterationSlot::fill(PyObject* value) noexcept {
  Ref<> args = steal(PyTuple_Pack(1, value));
  if (!args) return false;
  if (!exception_) exception_ = call(PyExc_StopIteration);
  if (!exception_) return false;
  PyStopIterationObject& stop = stop_of(exception_);
  Py_XSETREF(stop.args, args.release());
  Py_XSETREF(stop.value, borrow(value).release());
  return true;
}

void StopIterationSlot::raise(PyObject* value) noexcept {
  if constexpr (!kReuse) return set_stop_iteration(value);
  empty();
  if (!fill(value)) return;
  filled_ = true;
  restore_error(exception_.share());
}

void StopIterationSlot::take_back() noexcept {
  filled_ = false;
  Ref<> exception = std::move(exception_);
  PyStopIterationObject& stop = stop_of(exception);
  if (Py_REFCNT(exception.get()) > 1 || stop.traceback != nullptr || stop.context != nullptr ||
      stop.cause != nullptr || stop.dict != nullptr) {
    return;
  }
  Ref<> value = steal(std::exchange(stop.value, none().release()));
  Ref<> args = steal(std::exchange(stop.args, PyTuple_New(0)));
  exception_ = std::move(exception);
}

void set_stop_iteration(PyObject* value) noexcept {
  // A tuple or an exception as value would be taken for the arguments or the exception itself.
  if (!PyTuple_Check(value) && !PyExceptionInstance_Check(value)) {
    PyErr_SetObject(PyExc_StopIteration, value);
    return;
  }
  Ref<> stop = call(PyExc_StopIteration, value);
  if (stop) PyErr_SetObject(PyExc_StopIteration, stop.get());
}

PyObject* next_from_send(PyObject* self, sendfunc send, StopIterationSlot* stop) noexcept {
  PyObject* result = nullptr;
  const PySendResult sent = send(self, Py_None, &result);
  if (sent != PYGEN_RETURN) return result;
  Ref<> value = steal(result);
  if (value.get() == Py_None) return nullptr;
  stop != nullptr ? stop->raise(value.get()) : set_stop_iteration(value.get());
  return nullptr;
}

PyObject* send_from_send(PyObject* self, sendfunc send) noexcept {
  PyObject* result = nullptr;
  const PySendResult sent = send(self, Py_None, &result);
  if (sent == PYGEN_NEXT) return result;
  if (sent == PYGEN_RETURN) {
    Ref<> value = steal(result);
    if (value.get() == Py_None) {
      PyErr_SetNone(PyExc_StopIteration);
    } else {
      set_stop_iteration(value.get());
    }
  } else if (PyErr_Occurred() == nullptr) {
    PyErr_SetNone(PyExc_StopIteration);
  }
  return nullptr;
}

PySendResult throw_into(PyObject* coroutine, PyObject* throw_name, PyObject* exception,
                        Ref<>& result) noexcept {
  result = call_method(coroutine, throw_name, exception);
  if (result) return PYGEN_NEXT;
  result = take_stop_iteration();
  return result ? PYGEN_RETURN : PYGEN_ERROR;
}

Ref<> throw_arguments(Args args) noexcept {
  if (args.count() < 1 || args.count() > 3 || args.keyword_count() > 0) {
    return raise(PyExc_TypeError, "throw expected 1 to 3 arguments, got %zd", args.count());
  }
#if PY_VERSION_HEX >= 0x030c0000
  if (args.count() > 1 && PyErr_WarnEx(PyExc_DeprecationWarning,
                                       "the (type, exc, tb) signature of throw() is deprecated, "
                                       "use the single-arg signature instead.",
                                       1) < 0) {
    return raised;
  }
#endif
  PyObject* type = args[0];
  PyObject* value = args.count() > 1 && args[1] != Py_None ? args[1] : nullptr;
  PyObject* traceback = args.count() > 2 && args[2] != Py_None ? args[2] : nullptr;
  if (traceback != nullptr && !PyTraceBack_Check(traceback)) {
    return raise(PyExc_TypeError, "throw() third argument must be a traceback");
  }
  if (PyExceptionInstance_Check(type)) {
    if (value != nullptr) {
      return raise(PyExc_TypeError, "instance exception may not have a separate value");
    }
    if (traceback != nullptr) PyException_SetTraceback(type, traceback);
    return raise_exception(type);
  }
  if (!PyExceptionClass_Check(type)) {
    return raise(PyExc_TypeError,
                 "exceptions must be classes deriving BaseException or instances of such a class");
  }
  Ref<> error = value != nullptr && PyObject_IsInstance(value, type) > 0 ? borrow(value)
                : value != nullptr                                       ? call(type, value)
                                                                         : call(type);
  if (!error) return raised;
  if (traceback != nullptr) PyException_SetTraceback(error.get(), traceback);
  return raise_exception(error.get());
}

}  // namespace phaseloop::py
