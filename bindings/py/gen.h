// The generator protocol, for iterators that implement am_send.
#pragma once

#include "bindings/py/args.h"
#include "bindings/py/ref.h"

namespace phaseloop::py {

// A StopIteration that is raised again and again: what CPython 3.12 to 3.14 would make and take
// apart for every result of an await. Whoever raises it empties it when his iterator goes, which is
// right after the interpreter has taken the result. Owner: the State. Free-threaded builds do
// without.
class StopIterationSlot {
 public:
  // StopIteration(value) is pending.
  void raise(PyObject* value) noexcept;
  // Lets the value go; and the exception too, if anybody has seen more of it than the value.
  void empty() noexcept {
    if (filled_) take_back();
  }
  void drop() noexcept { exception_ = nullptr; }

 private:
  void take_back() noexcept;
  bool fill(PyObject* value) noexcept;

  Ref<> exception_;
  bool filled_ = false;
};

// tp_iternext in terms of am_send: what CPython 3.12 to 3.14 resume awaitables with. A result of
// None ends the iteration without any StopIteration, another with that in the slot, if there is
// one.
PyObject* next_from_send(PyObject* self, sendfunc send, StopIterationSlot* stop) noexcept;
// The same of an am_send that has ended with PYGEN_RETURN and `value`. Null: nothing but None is
// set as plain exhaustion.
PyObject* next_returned(Ref<> value, StopIterationSlot* stop) noexcept;
// The method send(value): a result is a StopIteration, as for generators.
Ref<> send_from_send(PyObject* self, PyObject* value, sendfunc send) noexcept;
// What such a method returns: the same of a throw().
Ref<> method_result(PySendResult sent, Ref<> result) noexcept;

// Sends `value` into any awaitable's iterator, coroutines first of all.
inline PySendResult resume(PyObject* iterator, PyObject* value, Ref<>& result) noexcept {
  PyObject* out = nullptr;
  const PySendResult sent = PyIter_Send(iterator, value, &out);
  result = steal(out);
  return sent;
}
// coroutine.throw(exception), told apart like a send.
PySendResult throw_into(PyObject* coroutine, PyObject* throw_name, PyObject* exception,
                        Ref<>& result) noexcept;
// The same by the method, which the caller has looked up, with whatever was given to his own.
PySendResult throw_through(PyObject* method, Args args, Ref<>& result) noexcept;

// What the method throw(type[, value[, traceback]]) is to raise; empty: TypeError. A coroutine's
// names the type that can't be raised, that of a future's iterator does not.
enum class Thrower { coroutine, future_iterator };
Ref<> thrown_exception(Args args, Thrower thrower = Thrower::coroutine) noexcept;
// The error that is pending leaves a coroutine: if it is a StopIteration, which would look like its
// end, it becomes the cause of a RuntimeError.
void forbid_stop_iteration(const char* thrower = "coroutine") noexcept;

// The value of the pending StopIteration, which is taken away; None if nothing is pending. Empty:
// another error is.
Ref<> take_stop_iteration() noexcept;

// StopIteration(value) is pending.
void set_stop_iteration(PyObject* value) noexcept;

}  // namespace phaseloop::py
