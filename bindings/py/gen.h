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
// The method send(None): a result is a StopIteration, as for generators.
PyObject* send_from_send(PyObject* self, sendfunc send) noexcept;

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

// The method throw(type[, value[, traceback]]): raises what it is given. Always empty.
Ref<> throw_arguments(Args args) noexcept;

// StopIteration(value) is pending.
void set_stop_iteration(PyObject* value) noexcept;

}  // namespace phaseloop::py
