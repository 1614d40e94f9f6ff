// What an operation shows to those who look at it: see coroutine_face.h.
#include "bindings/objects/future.h"
#include "bindings/objects/operation.h"
#include "bindings/py/call.h"
#include "bindings/py/method.h"

namespace phaseloop {
namespace {

using Phase = Operation::Phase;

Place place_of(Operation& op) noexcept { return op.bare ? op.kind->place_of_bare : op.kind->place; }
State* state_of(Operation& op) noexcept { return state_of_type(Py_TYPE(object_of(op))); }

Ref<> get_qualname(PyObject* self) noexcept {
  return qualified_name_at(operation(self).kind->place);
}
Ref<> get_name(PyObject* self) noexcept { return name_at(operation(self).kind->place); }

// The attribute of asyncio's own coroutine, where that one is driven. Empty without an error: it is
// not, or has no such attribute.
Ref<> of_delegate(Operation& op, const char* name) noexcept {
  if (op.phase != Phase::delegated) return nullptr;
  Ref<> delegate = op.stand_in.share();
  Ref<> value = py::steal(PyObject_GetAttrString(delegate.get(), name));
  if (!value && !py::consume_error(PyExc_AttributeError)) return py::raised;
  return value;
}

// Suspended, as far as a program can see: nobody has resumed it since.
bool is_suspended(Operation& op) noexcept {
  return op.phase == Phase::suspended || op.phase == Phase::woken;
}

Ref<> get_running(PyObject* self) noexcept {
  Operation& op = operation(self);
  Ref<> value = of_delegate(op, "cr_running");
  if (value || PyErr_Occurred() != nullptr) return value;
  return py::boolean(op.phase == Phase::running);
}

Ref<> get_suspended(PyObject* self) noexcept {
  Operation& op = operation(self);
  Ref<> value = of_delegate(op, "cr_suspended");
  if (value || PyErr_Occurred() != nullptr) return value;
  return py::boolean(is_suspended(op) || op.phase == Phase::delegated);
}

Ref<> get_code(PyObject* self) noexcept {
  State* state = state_of(operation(self));
  return state != nullptr ? code_at(*state, operation(self).kind->place) : nullptr;
}

Ref<> get_frame(PyObject* self) noexcept {
  Operation& op = operation(self);
  if (op.phase == Phase::finished) return py::none();
  Ref<> frame = of_delegate(op, "cr_frame");
  if (frame || PyErr_Occurred() != nullptr) return frame;
  State* state = state_of(op);
  if (state == nullptr) return py::raised;
  return op.phase == Phase::created ? first_frame_of(*state, op.kind->place)
                                    : frame_at(*state, place_of(op));
}

Ref<> get_await(PyObject* self) noexcept {
  Operation& op = operation(self);
  Ref<> awaited = of_delegate(op, "cr_await");
  if (awaited || PyErr_Occurred() != nullptr) return awaited;
  State* state = state_of(op);
  if (state == nullptr) return py::raised;
  if (!is_suspended(op)) return py::none();
  if (op.bare) {
    return state->place_sleeping_zero ? py::call(state->place_sleeping_zero.get()) : py::none();
  }
  Ref<> future = awaited_future(op);
  if (!future) return py::raised;
  return awaits_at(*state, op.kind->place, py::steal(new_future_iter(future.get())));
}

#if PY_VERSION_HEX >= 0x030f0000
Ref<> get_state(PyObject* self) noexcept {
  Operation& op = operation(self);
  Ref<> value = of_delegate(op, "cr_state");
  if (value || PyErr_Occurred() != nullptr) return value;
  return py::steal(PyUnicode_InternFromString(op.phase == Phase::created    ? "CORO_CREATED"
                                              : op.phase == Phase::finished ? "CORO_CLOSED"
                                              : op.phase == Phase::running  ? "CORO_RUNNING"
                                                                            : "CORO_SUSPENDED"));
}
#endif

// While it is to be known where coroutines are made, asyncio's own are made.
Ref<> get_origin(PyObject*) noexcept { return py::none(); }

}  // namespace

PyGetSetDef operation_attributes[] = {py::getter<class_of_coroutines>("__class__"),
                                      py::getter<get_name>("__name__"),
                                      py::getter<get_qualname>("__qualname__"),
                                      py::getter<get_running>("cr_running"),
                                      py::getter<get_suspended>("cr_suspended"),
                                      py::getter<get_code>("cr_code"),
                                      py::getter<get_frame>("cr_frame"),
                                      py::getter<get_await>("cr_await"),
                                      py::getter<get_origin>("cr_origin"),
#if PY_VERSION_HEX >= 0x030f0000
                                      py::getter<get_state>("cr_state"),
#endif
                                      {}};

}  // namespace phaseloop
