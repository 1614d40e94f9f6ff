#include "bindings/sync/loop_bound.h"

#include "bindings/objects/future.h"
#include "bindings/objects/operation.h"
#include "bindings/py/call.h"

namespace phaseloop {
namespace {

Ref<> running_loop(State& state) noexcept {
  if (LoopData* data = driving_loop()) return py::borrow(data->object);
  return py::call(state.get_running_loop.get());
}

Ref<> create_future(State& state, PyObject* loop) noexcept {
  LoopData& data = loop_data(state, loop);
  if (data.native() && !data.overrides_create_future) {
    return new_future(data, loop);
  }
  return py::call_method(loop, state.names.create_future.get());
}

}  // namespace

Ref<> bind_to_loop(State& state, LoopBound& self) noexcept {
  Ref<> running = running_loop(state);
  if (!running) return py::raised;
  if (!self.loop || self.loop.get() == Py_None) self.loop = running.share();
  if (self.loop.get() == running.get()) return running;
  return py::raise(PyExc_RuntimeError, "%R is bound to a different event loop", object_of(self));
}

Ref<> add_waiter_future(State& state, LoopBound& self) noexcept {
  return add_future_to(state, self, self.waiters);
}

Ref<> add_future_to(State& state, LoopBound& self, Ref<>& deque) noexcept {
  Ref<> loop = bind_to_loop(state, self);
  if (!loop) return py::raised;
  if (!deque || deque.get() == Py_None) {
    deque = py::call(state.deque.get());
    if (!deque) return py::raised;
  }
  Ref<> future = create_future(state, loop.get());
  if (!future || !py::call_method(deque.get(), state.names.append.get(), future.get())) {
    return py::raised;
  }
  return future;
}

int remove_future(State& state, PyObject* deque, PyObject* future) noexcept {
  if (PyErr_Occurred() == nullptr) {
    return py::call_method(deque, state.names.remove.get(), future) ? 0 : -1;
  }
  py::ErrorScope keep;
  if (py::call_method(deque, state.names.remove.get(), future)) return 0;
  py::consume_error(PyExc_Exception);
  return -1;
}

int is_done(State& state, PyObject* future) noexcept {
  if (is_native_future(state, Py_TYPE(future))) return future_data(future).state.done();
  return py::truth(py::call_method(future, state.names.done.get()));
}

int is_cancelled(State& state, PyObject* future) noexcept {
  if (is_native_future(state, Py_TYPE(future))) return future_data(future).state.cancelled();
  return py::truth(py::call_method(future, state.names.cancelled.get()));
}

int wake_future(State& state, PyObject* future, PyObject* value) noexcept {
  const int done = is_done(state, future);
  if (done != 0) return done < 0 ? -1 : 0;
  if (Py_IS_TYPE(future, state.future_type.get())) {
    return finish_with_result(future_data(future), py::borrow(value)) < 0 ? -1 : 1;
  }
  return py::call_method(future, state.names.set_result.get(), value) ? 1 : -1;
}

Py_ssize_t wake_futures(State& state, PyObject* deque, Py_ssize_t count, PyObject* value) noexcept {
  Py_ssize_t woken = 0;
  if (count == 0 || deque == nullptr || deque == Py_None) return 0;
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

}  // namespace phaseloop
