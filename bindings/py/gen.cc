#include "bindings/py/gen.h"

#include "bindings/py/call.h"

namespace phaseloop::py {
namespace {

// What throw() of a coroutine returned: yielded, if there is something, or its end.
PySendResult told_apart(Ref<> returned, Ref<>& result) noexcept {
  const bool yielded = static_cast<bool>(returned);
  result = yielded ? std::move(returned) : take_stop_iteration();
  return yielded ? PYGEN_NEXT : result ? PYGEN_RETURN : PYGEN_ERROR;
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

Ref<> take_stop_iteration() noexcept {
  if (PyErr_Occurred() == nullptr) return none();
  if (PyErr_ExceptionMatches(PyExc_StopIteration) == 0) return raised;
  Ref<> error = fetch_error();
  // Until 3.11 the exception object is made now, and its class may make something else.
  if (PyErr_GivenExceptionMatches(error.get(), PyExc_StopIteration) == 0) {
    restore_error(std::move(error));
    return raised;
  }
  auto* stop = reinterpret_cast<PyStopIterationObject*>(error.get());
  return or_none(stop->value);
}

bool StopIterationSlot::fill(PyObject* value) noexcept {
  Ref<> args = steal(PyTuple_Pack(1, value));
  if (!args) return false;
  if (!exception_) exception_ = call(PyExc_StopIteration);
  if (!exception_) return false;
  PyStopIterationObject& stop = stop_of(exception_);
  // Whoever has got hold of the exception may have put anything there: released last.
  Ref<> former_args = steal(std::exchange(stop.args, args.release()));
  Ref<> former_value = steal(std::exchange(stop.value, borrow(value).release()));
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
  return sent == PYGEN_RETURN ? next_returned(steal(result), stop) : result;
}

PyObject* next_returned(Ref<> value, StopIterationSlot* stop) noexcept {
  if (value.get() == Py_None) return nullptr;
  stop != nullptr ? stop->raise(value.get()) : set_stop_iteration(value.get());
  return nullptr;
}

Ref<> method_result(PySendResult sent, Ref<> result) noexcept {
  if (sent == PYGEN_NEXT) return result;
  if (sent == PYGEN_RETURN) {
    result.get() == Py_None ? PyErr_SetNone(PyExc_StopIteration) : set_stop_iteration(result.get());
  } else if (PyErr_Occurred() == nullptr) {
    PyErr_SetNone(PyExc_StopIteration);
  }
  return raised;
}

Ref<> send_from_send(PyObject* self, PyObject* value, sendfunc send) noexcept {
  PyObject* result = nullptr;
  const PySendResult sent = send(self, value, &result);
  return method_result(sent, steal(result));
}

PySendResult throw_into(PyObject* coroutine, PyObject* throw_name, PyObject* exception,
                        Ref<>& result) noexcept {
  return told_apart(call_method(coroutine, throw_name, exception), result);
}

PySendResult throw_through(PyObject* method, Args args, Ref<>& result) noexcept {
  return told_apart(steal(PyObject_Vectorcall(method, args.data(),
                                              static_cast<std::size_t>(args.count()), nullptr)),
                    result);
}

Ref<> thrown_exception(Args args, Thrower thrower) noexcept {
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
    return borrow(type);
  }
  if (!PyExceptionClass_Check(type)) {
    if (thrower == Thrower::future_iterator) {
      return raise(
          PyExc_TypeError,
          "exceptions must be classes deriving BaseException or instances of such a class");
    }
    return raise(PyExc_TypeError,
                 "exceptions must be classes or instances deriving from BaseException, not %s",
                 Py_TYPE(type)->tp_name);
  }
  Ref<> error = value != nullptr && PyObject_IsInstance(value, type) > 0 ? borrow(value)
                : value != nullptr                                       ? call(type, value)
                                                                         : call(type);
  if (!error) return raised;
  if (traceback != nullptr) PyException_SetTraceback(error.get(), traceback);
  return error;
}

void forbid_stop_iteration(const char* thrower) noexcept {
  if (PyErr_ExceptionMatches(PyExc_StopIteration) == 0) return;
  Ref<> cause = fetch_error();
  raise(PyExc_RuntimeError, "%s raised StopIteration", thrower);
  Ref<> error = fetch_error();
  PyException_SetCause(error.get(), cause.share().release());
  PyException_SetContext(error.get(), cause.release());
  restore_error(std::move(error));
}

}  // namespace phaseloop::py
