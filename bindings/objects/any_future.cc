#include "bindings/objects/any_future.h"

#include "bindings/objects/future.h"
#include "bindings/py/call.h"
#include "bindings/py/error.h"

namespace phaseloop {

Ref<> create_future(State& state, PyObject* loop) noexcept {
  LoopData& data = loop_data(state, loop);
  if (data.native() && !data.overrides_create_future) {
    return new_future(data, loop);
  }
  return py::call_method(loop, state.names.create_future.get());
}

int is_done(State& state, PyObject* future) noexcept {
  if (is_native_future(state, Py_TYPE(future))) return future_data(future).state.done();
  return py::truth(py::call_method(future, state.names.done.get()));
}

int is_cancelled(State& state, PyObject* future) noexcept {
  if (is_native_future(state, Py_TYPE(future))) return future_data(future).state.cancelled();
  return py::truth(py::call_method(future, state.names.cancelled.get()));
}

int set_result(State& state, PyObject* future, PyObject* value) noexcept {
  if (Py_IS_TYPE(future, state.future_type.get())) {
    return finish_with_result(future_data(future), py::borrow(value));
  }
  return py::call_method(future, state.names.set_result.get(), value) ? 0 : -1;
}

int set_exception(State& state, PyObject* future, PyObject* exception) noexcept {
  if (Py_IS_TYPE(future, state.future_type.get())) {
    return finish_with_exception(future_data(future), exception);
  }
  return py::call_method(future, state.names.set_exception.get(), exception) ? 0 : -1;
}

int wake_future(State& state, PyObject* future, PyObject* value) noexcept {
  const int done = is_done(state, future);
  if (done != 0) return done < 0 ? -1 : 0;
  return set_result(state, future, value) < 0 ? -1 : 1;
}

Py_ssize_t wake_futures(State& state, PyObject* deque, Py_ssize_t count, PyObject* value) noexcept {
  Py_ssize_t woken = 0;
  if (count == 0 || deque == nullptr) return 0;
  Ref<> futures = py::steal(PyObject_GetIter(deque));
  if (!futures) return -1;
  while (Ref<> future = py::steal(PyIter_Next(futures.get()))) {
    const int done = wake_future(state, future.get(), value);
    if (done < 0) return -1;
    woken += done;
    if (woken == count) break;
  }
  return PyErr_Occurred() == nullptr ? woken : -1;
}

int remove_future(State& state, PyObject* deque, PyObject* future) noexcept {
  Ref<> from = py::or_none(deque);
  Ref<> pending = PyErr_Occurred() != nullptr ? py::fetch_error() : nullptr;
  if (py::call_method(from.get(), state.names.remove.get(), future)) {
    if (pending) py::restore_error(std::move(pending));
    return 0;
  }
  if (pending) py::chain_pending(pending.get());
  return -1;
}

}  // namespace phaseloop
