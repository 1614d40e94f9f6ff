// The iterator behind `await future`: yields the future once while it is pending, then its result.
#include "bindings/objects/future.h"
#include "bindings/py/args.h"
#include "bindings/py/dealloc.h"
#include "bindings/py/gc.h"
#include "bindings/py/gen.h"
#include "bindings/py/method.h"

namespace phaseloop {
namespace {

using py::Args;

struct FutureIter {
  PyObject_HEAD
  Ref<> future;
  Ref<State> state;
  auto refs() { return std::tie(future, state); }
};

FutureIter* iter(PyObject* self) noexcept { return reinterpret_cast<FutureIter*>(self); }

PySendResult send_none(PyObject* self, PyObject*, PyObject** result) noexcept {
  *result = nullptr;
  if (!iter(self)->future) {  // exhausted
    *result = py::none().release();
    return PYGEN_RETURN;
  }
  FutureData& future = future_data(iter(self)->future.get());
  if (future.state.pending()) {
    if (future.state.blocking) {
      py::raise(PyExc_RuntimeError, "await wasn't used with future");
      return PYGEN_ERROR;
    }
    future.state.blocking = true;
    *result = iter(self)->future.share().release();
    return PYGEN_NEXT;
  }
  Ref<> keep = std::move(iter(self)->future);
  Ref<> value;
  switch (future_outcome(future, value)) {
    case Outcome::result:
      *result = value.release();
      return PYGEN_RETURN;
    case Outcome::exception:
      py::raise_exception(value.get());
      break;
    case Outcome::failed:
      break;
  }
  return PYGEN_ERROR;
}

PyObject* next(PyObject* self) noexcept {
  return py::next_from_send(self, send_none, &iter(self)->state->stop);
}
Ref<> send(PyObject* self, PyObject* value) noexcept {
  return py::send_from_send(self, value, send_none);
}

Ref<> throw_into(PyObject* self, Args args) noexcept {
  iter(self)->future = nullptr;
  Ref<> exception = py::thrown_exception(args, py::Thrower::future_iterator);
  if (exception) py::raise_exception(exception.get());
  return py::raised;
}

Ref<> close(PyObject* self) noexcept {
  iter(self)->future = nullptr;
  return py::none();
}

int clear(PyObject* self) noexcept {
  iter(self)->future = nullptr;
  return 0;
}

void dealloc(PyObject* self) noexcept {
  py::DeallocScope scope(self, dealloc);
  if (scope.postponed()) return;
  PyObject_GC_UnTrack(self);
  Ref<> future = std::move(iter(self)->future);
  Ref<State> state = std::move(iter(self)->state);
  if (state) state->stop.empty();
  if (!state || !state->future_iters.give(self)) py::free_object(self);
}

PyMethodDef methods[] = {py::method<send>("send", nullptr),
                         py::method<throw_into>("throw", nullptr),
                         py::method<close>("close", nullptr),
                         {}};
PyType_Slot slots[] = {{Py_tp_traverse, reinterpret_cast<void*>(py::Gc<FutureIter>::traverse)},
                       {Py_tp_clear, reinterpret_cast<void*>(clear)},
                       {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
                       {Py_tp_iter, reinterpret_cast<void*>(PyObject_SelfIter)},
                       {Py_tp_iternext, reinterpret_cast<void*>(next)},
                       {Py_am_send, reinterpret_cast<void*>(send_none)},
                       {Py_tp_methods, methods},
                       {0, nullptr}};
PyType_Spec spec = {"phaseloop._native.FutureIter", sizeof(FutureIter), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                    slots};

}  // namespace

PyObject* new_future_iter(PyObject* self) noexcept {
  FutureData& future = future_data(self);
  if (future.data == nullptr) {
    return py::raise(PyExc_RuntimeError, "Future object is not initialized.");
  }
  State& state = future.data->state;
  PyObject* made = state.future_iters.make(state.future_iter_type.get());
  if (made == nullptr) return nullptr;
  iter(made)->future = py::borrow(self);
  iter(made)->state = py::borrow(&state);
  return made;
}

Ref<PyTypeObject> new_future_iter_type(PyObject* module) noexcept {
  return py::steal(
      reinterpret_cast<PyTypeObject*>(PyType_FromModuleAndSpec(module, &spec, nullptr)));
}

}  // namespace phaseloop
