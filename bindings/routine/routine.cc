#include "bindings/routine/routine.h"

#include <new>

#include "bindings/objects/future.h"
#include "bindings/py/args.h"
#include "bindings/py/call.h"
#include "bindings/py/gc.h"
#include "bindings/py/gen.h"
#include "bindings/py/method.h"

namespace phaseloop {
namespace {

using py::Args;
using Phase = Routine::Phase;

constexpr std::size_t kAlignment = __STDCPP_DEFAULT_NEW_ALIGNMENT__;
constexpr std::size_t kFrameOffset = (sizeof(Routine) + kAlignment - 1) / kAlignment * kAlignment;

// Room for frames comes in whole units, so that few lists serve all routines.
constexpr std::size_t kUnit = 128;

// The list of objects with so much room, or null.
py::FreeList* list_for(State& state, std::size_t room) noexcept {
  const std::size_t i = room / kUnit - 1;
  return i < std::size(state.routines) ? &state.routines[i] : nullptr;
}

Routine& routine_of(PyObject* self) noexcept { return *reinterpret_cast<Routine*>(self); }

// --- awaiting ---------------------------------------------------------------------------------

bool settle(Routine& self, Ref<> value) noexcept {
  self.awaited = nullptr;
  self.succeeded = static_cast<bool>(value);
  self.result = std::move(value);
  return true;
}

bool settle_future(Routine& self) noexcept {
  Ref<> future = std::move(self.awaited);
  Ref<> value;
  const Outcome outcome = future_outcome(future_data(future.get()), value);
  if (outcome == Outcome::exception) py::raise_exception(value.get());
  return settle(self, outcome == Outcome::result ? std::move(value) : nullptr);
}

// True: there is an outcome. False: `yielded` is for the task.
bool send_to_iterator(Routine& self, PyObject* value) noexcept {
  Ref<> iterator = self.awaited.share();
  Ref<> out;
  const PySendResult sent = py::resume(iterator.get(), value, out);
  if (sent == PYGEN_NEXT) {
    self.yielded = std::move(out);
    return false;
  }
  if (sent == PYGEN_ERROR && PyErr_Occurred() == nullptr) out = py::none();
  return settle(self, std::move(out));
}

bool begin_future(Routine& self, PyObject* target) noexcept {
  FutureData& future = future_data(target);
  self.foreign = false;
  self.awaited = py::borrow(target);
  if (future.state.done()) return settle_future(self);
  future.state.blocking = true;
  self.yielded = py::borrow(target);
  return false;
}

// `await target`: the iterator of a coroutine is the coroutine itself.
Ref<> await_iterator(PyObject* target) noexcept {
  if (PyCoro_CheckExact(target)) return py::borrow(target);
  PyAsyncMethods* methods = Py_TYPE(target)->tp_as_async;
  if (methods != nullptr && methods->am_await != nullptr) {
    return py::steal(methods->am_await(target));
  }
  if (PyGen_CheckExact(target)) {  // made by types.coroutine()
    Ref<> code = py::steal(PyObject_GetAttrString(target, "gi_code"));
    Ref<> flags = code ? py::steal(PyObject_GetAttrString(code.get(), "co_flags")) : nullptr;
    if (!flags) return py::raised;
    if ((PyLong_AsLong(flags.get()) & CO_ITERABLE_COROUTINE) != 0) return py::borrow(target);
  }
  return py::raise(PyExc_TypeError, "object %.100s can't be used in 'await' expression",
                   Py_TYPE(target)->tp_name);
}

bool begin_other(Routine& self, PyObject* target) noexcept {
  self.foreign = true;
  self.awaited = await_iterator(target);
  if (!self.awaited) return settle(self, nullptr);
  return send_to_iterator(self, Py_None);
}

// --- resuming ---------------------------------------------------------------------------------

void finish(Routine& self) noexcept {
  self.phase = Phase::finished;
  std::exchange(self.body, nullptr).destroy();
  self.awaited = nullptr;
  for (Ref<>& kept : self.keep) kept = nullptr;
}

// Runs the body to its next suspension or its end.
PySendResult advance(Routine& self, PyObject** result) noexcept {
  self.phase = Phase::running;
  self.body.resume();
  if (!self.body.done()) {
    self.phase = Phase::suspended;
    *result = self.yielded.release();
    return PYGEN_NEXT;
  }
  Ref<> owner = std::move(self.owner);
  finish(self);
  *result = self.result.release();
  return *result != nullptr ? PYGEN_RETURN : PYGEN_ERROR;
}

int check_resumable(Routine& self) noexcept {
  if (self.phase == Phase::running) {
    return py::raise(PyExc_ValueError, "coroutine already executing");
  }
  if (self.phase == Phase::finished) {
    return py::raise(PyExc_RuntimeError, "cannot reuse already awaited coroutine");
  }
  return 0;
}

// What the body waited for has an outcome, or is asked for one.
bool collect(Routine& self, PyObject* value) noexcept {
  if (self.foreign) return send_to_iterator(self, value);
  if (future_data(self.awaited.get()).state.done()) return settle_future(self);
  py::raise(PyExc_RuntimeError, "await wasn't used with future");
  return settle(self, nullptr);
}

PySendResult yield(Routine& self, PyObject** result) noexcept {
  *result = self.yielded.release();
  return PYGEN_NEXT;
}

PySendResult send_value(PyObject* object, PyObject* value, PyObject** result) noexcept {
  Routine& self = routine_of(object);
  *result = nullptr;
  if (check_resumable(self) < 0) return PYGEN_ERROR;
  Ref<> keep = py::borrow(object);
  if (self.phase == Phase::suspended && !collect(self, value)) return yield(self, result);
  return advance(self, result);
}

// throw() of what is awaited, if it has one, sees the exception first.
bool throw_to_iterator(Routine& self, PyObject* exception) noexcept {
  Ref<> iterator = self.awaited.share();
  Ref<> out;
  switch (py::throw_into(iterator.get(), self.state->names.throw_.get(), exception, out)) {
    case PYGEN_NEXT:
      self.yielded = std::move(out);
      return false;
    case PYGEN_RETURN:
      return settle(self, std::move(out));
    default:
      return settle(self, nullptr);
  }
}

// The pending error is raised where the body stands.
PySendResult throw_pending(Routine& self, PyObject** result) noexcept {
  *result = nullptr;
  if (self.phase == Phase::created) {
    Ref<> owner = std::move(self.owner);
    py::ErrorScope error;
    finish(self);
    return PYGEN_ERROR;
  }
  if (self.foreign) {
    Ref<> exception = py::fetch_error();
    if (!throw_to_iterator(self, exception.get())) return yield(self, result);
  } else {
    settle(self, nullptr);
  }
  return advance(self, result);
}

PyObject* next(PyObject* self) noexcept {
  return py::next_from_send(self, send_value, &routine_of(self).state->stop);
}

Ref<> send(PyObject* self, PyObject* value) noexcept {
  if (routine_of(self).phase == Phase::created && value != Py_None) {
    return py::raise(PyExc_TypeError, "can't send non-None value to a just-started coroutine");
  }
  return py::steal(py::send_from_send(self, send_value));
}

// As the end of a send: a return is a StopIteration.
Ref<> as_method_result(PySendResult sent, PyObject* result) noexcept {
  Ref<> value = py::steal(result);
  if (sent == PYGEN_NEXT) return value;
  if (sent == PYGEN_RETURN) {
    value.get() == Py_None ? PyErr_SetNone(PyExc_StopIteration)
                           : py::set_stop_iteration(value.get());
  }
  return py::raised;
}

Ref<> throw_method(PyObject* object, Args args) noexcept {
  Routine& self = routine_of(object);
  if (check_resumable(self) < 0) return py::raised;
  Ref<> none = py::throw_arguments(args);
  Ref<> keep = py::borrow(object);
  PyObject* result = nullptr;
  const PySendResult sent = throw_pending(self, &result);
  return as_method_result(sent, result);
}

Ref<> close(PyObject* object) noexcept {
  Routine& self = routine_of(object);
  if (self.phase == Phase::finished) return py::none();
  if (check_resumable(self) < 0) return py::raised;
  Ref<> keep = py::borrow(object);
  PyErr_SetNone(PyExc_GeneratorExit);
  PyObject* result = nullptr;
  const PySendResult sent = throw_pending(self, &result);
  Ref<> value = py::steal(result);
  if (sent == PYGEN_NEXT) {
    return py::raise(PyExc_RuntimeError, "coroutine ignored GeneratorExit");
  }
  if (sent == PYGEN_ERROR && !py::consume_error(PyExc_GeneratorExit) &&
      !py::consume_error(PyExc_StopIteration)) {
    return py::raised;
  }
  return py::none();
}

// --- attributes -------------------------------------------------------------------------------

Ref<> get_qualname(PyObject* self) noexcept {
  return py::steal(PyUnicode_InternFromString(routine_of(self).name));
}
Ref<> get_name(PyObject* self) noexcept {
  const char* name = routine_of(self).name;
  for (const char* at = name; *at != '\0'; ++at) {
    if (*at == '.') name = at + 1;
  }
  return py::steal(PyUnicode_InternFromString(name));
}
Ref<> get_running(PyObject* self) noexcept {
  return py::boolean(routine_of(self).phase == Phase::running);
}
Ref<> get_suspended(PyObject* self) noexcept {
  return py::boolean(routine_of(self).phase == Phase::suspended);
}
Ref<> get_none(PyObject*) noexcept { return py::none(); }

PyObject* repr(PyObject* self) noexcept {
  return PyUnicode_FromFormat("<coroutine object %s at %p>", routine_of(self).name, self);
}

// --- end of life ------------------------------------------------------------------------------

void finalize(PyObject* object) noexcept {
  Routine& self = routine_of(object);
  if (self.phase == Phase::finished || !self.body) return;
  py::ErrorScope keep;
  if (self.phase == Phase::created) {
    if (PyErr_WarnFormat(PyExc_RuntimeWarning, 1, "coroutine '%s' was never awaited", self.name) <
        0) {
      py::write_unraisable(object);
    }
    return;
  }
  if (!close(object)) py::write_unraisable(object);
}

int clear(PyObject* object) noexcept {
  py::clear_refs(routine_of(object));
  return 0;
}

// The collector finalises first: whatever has a body is suspended in it no more.
int clear_finished(PyObject* object) noexcept {
  return routine_of(object).body ? 0 : clear(object);
}

int traverse(PyObject* object, visitproc visit, void* arg) noexcept {
  Py_VISIT(routine_of(object).state.obj());
  return py::Gc<Routine>::traverse(object, visit, arg);
}

void dealloc(PyObject* object) noexcept {
  Routine& self = routine_of(object);
  // One that has run to its end has nothing to say, and its memory goes back to its list.
  py::FreeList* list = self.state && self.phase == Phase::finished
                           ? list_for(*self.state, static_cast<std::size_t>(Py_SIZE(object)))
                           : nullptr;
  if (list != nullptr && !list->has_room_for(object)) list = nullptr;
  if (list == nullptr && PyObject_CallFinalizerFromDealloc(object) < 0) return;
  PyObject_GC_UnTrack(object);
  if (self.body) std::exchange(self.body, nullptr).destroy();
  clear(object);
  Ref<State> state = std::move(self.state);
  if (state) state->stop.empty();
  if (list == nullptr || !list->give(object)) py::free_object(object);
}

PyMethodDef methods[] = {
    py::method<send>("send",
                     "send(arg) -> send 'arg' into coroutine,\nreturn next yielded value "
                     "or raise StopIteration."),
    py::method<throw_method>("throw",
                             "throw(value)\n\nRaise exception in coroutine, return next "
                             "yielded value or raise\nStopIteration."),
    py::method<close>("close", "close() -> raise GeneratorExit inside coroutine."),
    {}};
PyGetSetDef attributes[] = {py::getter<get_name>("__name__"),
                            py::getter<get_qualname>("__qualname__"),
                            py::getter<get_running>("cr_running"),
                            py::getter<get_suspended>("cr_suspended"),
                            py::getter<get_none>("cr_frame"),
                            py::getter<get_none>("cr_origin"),
                            {}};
PyType_Slot slots[] = {{Py_tp_traverse, reinterpret_cast<void*>(traverse)},
                       {Py_tp_clear, reinterpret_cast<void*>(clear_finished)},
                       {Py_tp_finalize, reinterpret_cast<void*>(finalize)},
                       {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
                       {Py_tp_repr, reinterpret_cast<void*>(repr)},
                       {Py_tp_iter, reinterpret_cast<void*>(PyObject_SelfIter)},
                       {Py_am_await, reinterpret_cast<void*>(PyObject_SelfIter)},
                       {Py_am_send, reinterpret_cast<void*>(send_value)},
                       {Py_tp_iternext, reinterpret_cast<void*>(next)},
                       {Py_tp_methods, methods},
                       {Py_tp_getset, attributes},
                       {0, nullptr}};
PyType_Spec spec = {"phaseloop._native.coroutine", kFrameOffset, 1,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                    slots};

}  // namespace

bool Await::await_ready() noexcept {
  if (is_native_future(*routine_.state, Py_TYPE(target_))) return begin_future(routine_, target_);
  return begin_other(routine_, target_);
}

void* allocate_routine(std::size_t frame, Call& call) noexcept {
  PyTypeObject* type = call.state.routine_type.get();
  const std::size_t room = (frame + kUnit - 1) / kUnit * kUnit;
  py::FreeList* list = list_for(call.state, room);
  const auto items = static_cast<Py_ssize_t>(room);
  PyObject* made = list != nullptr ? list->make(type, items) : type->tp_alloc(type, items);
  if (made == nullptr) return nullptr;
  Routine& self = routine_of(made);
  self.name = call.name;
  self.state = py::borrow(&call.state);
  self.phase = Phase::created;
  self.owner = py::borrow(call.owner);
  call.made = &self;
  return reinterpret_cast<char*>(made) + kFrameOffset;
}

Ref<PyTypeObject> new_routine_type(PyObject* module) noexcept {
  return py::steal(
      reinterpret_cast<PyTypeObject*>(PyType_FromModuleAndSpec(module, &spec, nullptr)));
}

}  // namespace phaseloop
