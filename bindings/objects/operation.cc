#include "bindings/objects/operation.h"

#include <string_view>

#include "bindings/core/current_task.h"
#include "bindings/core/work.h"
#include "bindings/objects/type_layout.h"
#include "bindings/py/call.h"
#include "bindings/py/gc.h"
#include "bindings/py/gen.h"
#include "bindings/py/method.h"

namespace phaseloop {

PHASELOOP_EARLY_TLS thread_local constinit Stepping stepping;

namespace {

using py::Args;
using Begun = OperationKind::Begun;
using Phase = Operation::Phase;

PySendResult send_delegate(Operation& op, PyObject* value, PyObject** result) noexcept {
  Ref<> delegate = op.delegate.share();
  Ref<> out;
  const PySendResult sent = py::resume(delegate.get(), value, out);
  *result = out.release();
  return sent;
}

PySendResult start_delegate(Operation& op, PyObject** result) noexcept {
  op.phase = Phase::finished;
  op.delegate = op.kind->delegate(op);
  if (!op.delegate) return PYGEN_ERROR;
  op.phase = Phase::delegated;
  return send_delegate(op, Py_None, result);
}

PySendResult start(Operation& op, PyObject** result) noexcept {
  LoopData* data = driving_loop();
  if (data == nullptr) return start_delegate(op, result);
  op.data = data;
  op.loop = py::borrow(data->object);
  op.phase = Phase::suspended;
  Ref<> value;
  switch (op.kind->begin(op, value)) {
    case Begun::suspended:
      *result = py::borrow(object_of(op)).release();
      return PYGEN_NEXT;
    case Begun::yielded_none:
      op.phase = Phase::woken;
      *result = py::none().release();
      return PYGEN_NEXT;
    case Begun::returned:
      op.phase = Phase::finished;
      *result = value.release();
      return PYGEN_RETURN;
    case Begun::not_ours:
      return start_delegate(op, result);
    case Begun::failed:
      break;
  }
  op.phase = Phase::finished;
  op.kind->abandon(op);
  return PYGEN_ERROR;
}

PySendResult send_value(PyObject* self, PyObject* value, PyObject** result) noexcept {
  Operation& op = operation(self);
  *result = nullptr;
  switch (op.phase) {
    case Phase::created:
      return start(op, result);
    case Phase::delegated:
      return send_delegate(op, value, result);
    case Phase::woken: {
      op.phase = Phase::finished;
      Ref<> done = op.kind->finish(op);
      op.kind->abandon(op);
      *result = done.release();
      return *result != nullptr ? PYGEN_RETURN : PYGEN_ERROR;
    }
    case Phase::suspended:
      py::raise(PyExc_RuntimeError, "await wasn't used with future");
      return PYGEN_ERROR;
    case Phase::finished:
      break;
  }
  py::raise(PyExc_RuntimeError, "cannot reuse already awaited coroutine");
  return PYGEN_ERROR;
}

PyObject* next(PyObject* self) noexcept {
  LoopData* data = operation(self).data;
  return py::next_from_send(self, send_value, data != nullptr ? &data->state.stop : nullptr);
}

Ref<> send(PyObject* self, PyObject* value) noexcept {
  if (operation(self).phase == Phase::created && value != Py_None) {
    return py::raise(PyExc_TypeError, "can't send non-None value to a just-started coroutine");
  }
  return py::steal(py::send_from_send(self, send_value));
}

Ref<> throw_into(PyObject* self, Args args) noexcept {
  Operation& op = operation(self);
  if (op.phase == Phase::delegated) {
    Ref<> method = py::steal(PyObject_GetAttrString(op.delegate.get(), "throw"));
    if (!method) return py::raised;
    return py::steal(PyObject_Vectorcall(method.get(), args.data(),
                                         static_cast<std::size_t>(args.count()), nullptr));
  }
  op.phase = Phase::finished;
  op.kind->abandon(op);
  return py::throw_arguments(args);
}

Ref<> close(PyObject* self) noexcept {
  Operation& op = operation(self);
  if (op.phase == Phase::delegated) {
    return py::steal(PyObject_CallMethod(op.delegate.get(), "close", nullptr));
  }
  op.phase = Phase::finished;
  op.kind->abandon(op);
  return py::none();
}

Ref<> get_qualname(PyObject* self) noexcept {
  return py::steal(PyUnicode_InternFromString(operation(self).kind->name));
}
Ref<> get_name(PyObject* self) noexcept {
  const std::string_view name = operation(self).kind->name;
  return py::steal(PyUnicode_InternFromString(name.data() + (name.rfind('.') + 1)));
}

// What a task shows as the future it waits for; asyncio has a plain one in this place.
PyObject* repr(PyObject* self) noexcept {
  Operation& op = operation(self);
  // A task may show it after its coroutine was closed: it still waits.
  if (op.waiter != nullptr) return PyUnicode_FromString("<Future pending cb=[Task.task_wakeup()]>");
  switch (op.phase) {
    case Phase::suspended:
      return PyUnicode_FromString("<Future pending>");
    case Phase::woken:
      return PyUnicode_FromString(op.cancelled ? "<Future cancelled>"
                                               : "<Future finished result=None>");
    default:
      return PyUnicode_FromFormat("<coroutine object %s at %p>", op.kind->name, self);
  }
}

int traverse(PyObject* self, visitproc visit, void* arg) noexcept {
  Operation& op = operation(self);
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(op.loop.get());
  Py_VISIT(op.delegate.get());
  Py_VISIT(op.cancel_message.get());
  if (op.waiter != nullptr) {
    if (int result = visit_share(*op.waiter, visit, arg)) return result;
  }
  return op.kind != nullptr ? op.kind->traverse(op, visit, arg) : 0;
}

int clear(PyObject* self) noexcept {
  Operation& op = operation(self);
  if (op.kind != nullptr) {
    op.kind->abandon(op);
    op.kind->clear(op);
  }
  if (op.phase != Phase::delegated) op.phase = Phase::finished;
  if (Waiter* waiter = std::exchange(op.waiter, nullptr)) waiter->drop();
  op.loop = nullptr;
  op.cancel_message = nullptr;
  return 0;
}

void finalize(PyObject* self) noexcept {
  Operation& op = operation(self);
  if (op.phase != Phase::created || op.kind == nullptr) return;
  py::ErrorScope keep;
  if (PyErr_WarnFormat(PyExc_RuntimeWarning, 1, "coroutine '%s' was never awaited", op.kind->name) <
      0) {
    py::write_unraisable(self);
  }
}

void dealloc(PyObject* self) noexcept {
  Operation& op = operation(self);
  // Only one that never began has something to say.
  if (op.phase == Phase::created && PyObject_CallFinalizerFromDealloc(self) < 0) return;
  if (PyType_IS_GC(Py_TYPE(self))) PyObject_GC_UnTrack(self);
  Ref<> loop = op.loop.share();  // the list lives as long as a loop
  clear(self);
  op.delegate = nullptr;
  if (loop) op.data->state.stop.empty();
  if (!loop || op.kind->recycle == nullptr || !op.kind->recycle(op)) py::free_object(self);
}

PyMethodDef methods[] = {
    py::method<send>("send",
                     "send(arg) -> send 'arg' into coroutine,\nreturn next yielded value "
                     "or raise StopIteration."),
    py::method<throw_into>("throw",
                           "throw(value)\n\nRaise exception in coroutine, return next "
                           "yielded value or raise\nStopIteration."),
    py::method<close>("close", "close() -> raise GeneratorExit inside coroutine."),
    {}};
PyGetSetDef attributes[] = {
    py::getter<get_name>("__name__"), py::getter<get_qualname>("__qualname__"), {}};
PyType_Slot slots[] = {{Py_tp_finalize, reinterpret_cast<void*>(finalize)},
                       {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
                       {Py_tp_repr, reinterpret_cast<void*>(repr)},
                       // For `yield from` in the generators of types.coroutine().
                       {Py_tp_iter, reinterpret_cast<void*>(PyObject_SelfIter)},
                       {Py_am_await, reinterpret_cast<void*>(PyObject_SelfIter)},
                       {Py_am_send, reinterpret_cast<void*>(send_value)},
                       {Py_tp_iternext, reinterpret_cast<void*>(next)},
                       {Py_tp_methods, methods},
                       {Py_tp_getset, attributes},
                       {0, nullptr}};
PyType_Slot collected_slots[] = {{Py_tp_traverse, reinterpret_cast<void*>(traverse)},
                                 {Py_tp_clear, reinterpret_cast<void*>(clear)},
                                 {0, nullptr}};
PyType_Slot no_slots[] = {{0, nullptr}};
constexpr unsigned kFlags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION;

}  // namespace

LoopData* driving_loop() noexcept {
  if (stepping.task == nullptr || stepping.data == nullptr || !stepping.data->native()) {
    return nullptr;
  }
  PyObject* current = current_task(*stepping.data, stepping.data->object);
  return current == stepping.task ? stepping.data : nullptr;
}

int visit_through(Operation& op, visitproc visit, void* arg) noexcept {
  PyObject* self = object_of(op);
  return PyType_IS_GC(Py_TYPE(self)) ? visit(self, arg) : traverse(self, visit, arg);
}

int visit_orphan(Operation& op, visitproc visit, void* arg) noexcept {
  PyObject* self = object_of(op);
  if (PyType_IS_GC(Py_TYPE(self)) || op.kind->is_kept_by_loop(op)) return 0;
  return traverse(self, visit, arg);
}

bool attach(Operation& op, Waiter& waiter) noexcept {
  if (op.phase != Phase::suspended || op.waiter != nullptr) return false;
  op.waiter = &waiter;
  return true;
}

bool detach(Operation& op, Waiter& waiter) noexcept {
  if (op.waiter != &waiter) return op.phase != Phase::woken;
  op.waiter = nullptr;
  waiter.drop();
  return true;
}

int wake(Operation& op) noexcept {
  if (op.phase != Phase::suspended) return 0;
  op.phase = Phase::woken;
  Waiter* waiter = std::exchange(op.waiter, nullptr);
  if (waiter == nullptr) return 0;
  Ref<> self = py::borrow(object_of(op));
  return schedule(*op.data, op.loop.get(), *waiter);
}

void wake_from_loop(Operation& op) noexcept {
  if (wake(op) < 0) py::write_unraisable(object_of(op));
}

int cancel(Operation& op, PyObject* message) noexcept {
  if (op.phase != Phase::suspended) return 0;
  op.cancelled = true;
  op.cancel_message = py::borrow(message);
  op.kind->abandon(op);
  return wake(op) < 0 ? -1 : 1;
}

Ref<> cancellation(Operation& op) noexcept {
  if (!op.cancelled) return nullptr;
  PyObject* type = op.data->state.cancelled_error.get();
  PyObject* message = op.cancel_message.get();
  return message == nullptr || message == Py_None ? py::call(type) : py::call(type, message);
}

Ref<> new_operation(PyTypeObject* type, const OperationKind& kind) noexcept {
  return begin_operation(py::steal(type->tp_alloc(type, 0)), kind);
}

Ref<> begin_operation(Ref<> made, const OperationKind& kind) noexcept {
  if (!made) return py::raised;
  Operation& op = operation(made.get());
  op.kind = &kind;
  op.phase = Phase::created;
  op.cancelled = false;
  return made;
}

Ref<PyTypeObject> new_operation_type(PyObject* module) noexcept {
  PyType_Spec spec = {"phaseloop._native._Operation", sizeof(Operation), 0,
                      kFlags | Py_TPFLAGS_BASETYPE, slots};
  return derive_type(module, spec, nullptr);
}

Ref<PyTypeObject> derive_operation_type(State& state, PyObject* module, const char* name,
                                        std::size_t size, bool collected) noexcept {
  PyType_Spec spec = {name, static_cast<int>(size), 0,
                      static_cast<unsigned>(kFlags | (collected ? Py_TPFLAGS_HAVE_GC : 0)),
                      collected ? collected_slots : no_slots};
  return derive_type(module, spec, state.operation_type.obj());
}

}  // namespace phaseloop
