#include "bindings/sync/loop_bound.h"

#include "bindings/objects/operation.h"
#include "bindings/py/call.h"

namespace phaseloop {
namespace {

Ref<> running_loop(State& state) noexcept {
  if (LoopData* data = driving_loop()) return py::borrow(data->object);
  return py::call(state.get_running_loop.get());
}

}  // namespace

Ref<> bind_to_loop(State& state, LoopBound& self) noexcept {
  Ref<> running = running_loop(state);
  if (!running) return py::raised;
  if (!self.loop || self.loop.get() == Py_None) self.loop = running.share();
  if (self.loop.get() == running.get()) return running;
  return py::raise(PyExc_RuntimeError, "%R is bound to a different event loop", object_of(self));
}

int anybody_in(State& state, const Ref<>& deque) noexcept {
  PyObject* object = deque.get();
  if (object == nullptr || object == Py_None) return 0;
  if (Py_IS_TYPE(object, reinterpret_cast<PyTypeObject*>(state.deque.get()))) [[likely]]
    return Py_SIZE(object) != 0;
  return py::truth(object);
}

Ref<> first_in(State& state, const Ref<>& deque) noexcept {
  Ref<> object = deque.share();
  if (Py_IS_TYPE(object.get(), reinterpret_cast<PyTypeObject*>(state.deque.get()))) [[likely]]
    return py::steal(PySequence_GetItem(object.get(), 0));
  Ref<> futures = py::steal(PyObject_GetIter(object.get()));
  if (!futures) return py::raised;
  Ref<> first = py::steal(PyIter_Next(futures.get()));
  if (!first && PyErr_Occurred() == nullptr) PyErr_SetNone(PyExc_StopIteration);
  return first;
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

}  // namespace phaseloop
