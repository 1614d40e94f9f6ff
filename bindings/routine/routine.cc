#include "bindings/routine/routine.h"

#include <structmember.h>

#include <new>

#include "bindings/objects/future.h"
#include "bindings/objects/operation.h"
#include "bindings/py/args.h"
#include "bindings/py/call.h"
#include "bindings/py/dealloc.h"
#include "bindings/py/gc.h"
#include "bindings/py/gen.h"
#include "bindings/py/method.h"
#include "bindings/py/version.h"
#include "runtime/base/stack.h"

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

// The outcome; none: the error passes the place.
bool settle(Routine& self, Ref<> value) noexcept {
  self.awaited = nullptr;
  self.succeeded = static_cast<bool>(value);
  self.traced = !self.succeeded;
  if (!self.succeeded && self.at != nullptr) trace_place(*self.state, self.at);
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

// True: there is an outcome. False: `yielded` is for whoever resumed.
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

// The future was yielded before, and whoever got it has not taken it.
[[gnu::cold]] bool not_taken(Routine& self) noexcept {
  py::raise(PyExc_RuntimeError, "await wasn't used with future");
  return settle(self, nullptr);
}

bool begin_future(Routine& self, PyObject* target) noexcept {
  FutureData& future = future_data(target);
  self.foreign = false;
  self.awaited = py::borrow(target);
  if (future.state.done()) return settle_future(self);
  if (std::exchange(future.state.blocking, true)) return not_taken(self);
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

PySendResult yield(Routine& self, PyObject** result) noexcept {
  self.phase = Phase::suspended;
  *result = self.yielded.release();
  return PYGEN_NEXT;
}

// Runs the body to its next suspension or its end. REQUIRES: phase running.
PySendResult advance(Routine& self, PyObject** result) noexcept {
  self.body.resume();
  if (!self.body.done()) return yield(self, result);
  Ref<> owner = std::move(self.owner);
  finish(self);
  *result = self.result.release();
  if (*result != nullptr) return PYGEN_RETURN;
  if (!self.traced) trace_raise(*self.state, self.place);
  py::forbid_stop_iteration();
  return PYGEN_ERROR;
}

[[gnu::cold]] int not_resumable(Routine& self) noexcept {
  if (self.phase == Phase::running) {
    return py::raise(PyExc_ValueError, "coroutine already executing");
  }
  if (self.phase == Phase::finished) {
    return py::raise(PyExc_RuntimeError, "cannot reuse already awaited coroutine");
  }
  // What is suspended stays so, and is closed when it is dropped.
  py::stack_is_short();
  if (self.phase == Phase::created) {
    Ref<> owner = std::move(self.owner);
    py::ErrorScope error;
    finish(self);
  }
  return -1;
}

// 0, or -1 with asyncio's error for a coroutine that is running or has ended, or RecursionError:
// each routine that awaits another takes its share of the stack.
int check_resumable(Routine& self) noexcept {
  const bool waits = self.phase == Phase::created || self.phase == Phase::suspended;
  if (!waits || Stack::is_short()) [[unlikely]] {
    return not_resumable(self);
  }
  return 0;
}

// What the body waited for has an outcome, or is asked for one. A pending future is given again, as
// its iterator does, if whoever got it has taken it.
bool collect(Routine& self, PyObject* value) noexcept {
  if (self.foreign) return send_to_iterator(self, value);
  FutureState& future = future_data(self.awaited.get()).state;
  if (future.done()) return settle_future(self);
  if (std::exchange(future.blocking, true)) return not_taken(self);
  self.yielded = self.awaited.share();
  return false;
}

PySendResult send_value(PyObject* object, PyObject* value, PyObject** result) noexcept {
  Routine& self = routine_of(object);
  *result = nullptr;
  if (check_resumable(self) < 0) return PYGEN_ERROR;
  Ref<> keep = py::borrow(object);
  const bool began = std::exchange(self.phase, Phase::running) == Phase::suspended;
  if (began && !collect(self, value)) return yield(self, result);
  return advance(self, result);
}

// As asyncio's coroutine leaves what it awaits when it is closed: by close(), if there is one. The
// body gets `exception`, or what came out of that.
void close_iterator(Routine& self, PyObject* exception) noexcept {
  Ref<> iterator = self.awaited.share();
  Ref<> method = py::steal(PyObject_GetAttr(iterator.get(), self.state->names.close.get()));
  if (!method && !py::consume_error(PyExc_AttributeError)) py::write_unraisable(iterator.get());
  if (!method || py::call(method.get())) py::raise_exception(exception);
  settle(self, nullptr);
}

// throw() of what is awaited, if it has one, gets the arguments as they were given.
bool throw_to_iterator(Routine& self, Args args) noexcept {
  Ref<> iterator = self.awaited.share();
  Ref<> method = py::steal(PyObject_GetAttr(iterator.get(), self.state->names.throw_.get()));
  if (!method) {
    if (!py::consume_error(PyExc_AttributeError)) return settle(self, nullptr);
    Ref<> exception = py::thrown_exception(args);
    if (exception) py::raise_exception(exception.get());
    return settle(self, version::kStopIterationEndsAwait ? py::take_stop_iteration() : nullptr);
  }
  Ref<> out;
  switch (py::throw_through(method.get(), args, out)) {
    case PYGEN_NEXT:
      self.yielded = std::move(out);
      return false;
    case PYGEN_RETURN:
      return settle(self, std::move(out));
    default:
      return settle(self, nullptr);
  }
}

bool closes(PyObject* exception) noexcept {
  return PyErr_GivenExceptionMatches(exception, PyExc_GeneratorExit) != 0;
}

// The pending error is raised where the body stands; one that closes ends what is awaited first.
PySendResult throw_pending(Routine& self, PyObject** result) noexcept {
  *result = nullptr;
  if (self.phase == Phase::created) {
    Ref<> owner = std::move(self.owner);
    {
      py::ErrorScope error;
      finish(self);
    }
    trace_beginning(*self.state, self.place);
    if constexpr (!version::kUnbegunPassesStopIteration) py::forbid_stop_iteration();
    return PYGEN_ERROR;
  }
  self.phase = Phase::running;
  if (self.foreign) {
    Ref<> exception = py::fetch_error();
    close_iterator(self, exception.get());
  } else {
    // A StopIteration that is thrown into a future's iterator is taken for its result.
    settle(self, py::take_stop_iteration());
  }
  return advance(self, result);
}

PyObject* next(PyObject* self) noexcept {
  return py::next_from_send(self, send_value, &routine_of(self).state->stop);
}

Ref<> send(PyObject* object, PyObject* value) noexcept {
  Routine& self = routine_of(object);
  if (self.phase == Phase::created && value != Py_None) {
    return py::raise(PyExc_TypeError, "can't send non-None value to a just-started coroutine");
  }
  return yielded_to_python(*self.state, py::send_from_send(object, value, send_value));
}

Ref<> as_method_result(State& state, PySendResult sent, PyObject* result) noexcept {
  return yielded_to_python(state, py::method_result(sent, py::steal(result)));
}

// REQUIRES: suspended, and not at a future of ours.
Ref<> throw_further(Routine& self, Args args) noexcept {
  if (check_resumable(self) < 0) return py::raised;
  Ref<> keep = py::borrow(py::object(&self));
  self.phase = Phase::running;
  PyObject* result = nullptr;
  const PySendResult sent =
      throw_to_iterator(self, args) ? advance(self, &result) : yield(self, &result);
  return as_method_result(*self.state, sent, result);
}

Ref<> throw_method(PyObject* object, Args args) noexcept {
  Routine& self = routine_of(object);
  if (self.phase == Phase::suspended && self.foreign && args.count() > 0 && !closes(args[0])) {
    return throw_further(self, args);
  }
  const bool at_future = self.phase == Phase::suspended && !self.foreign;
  if (version::kThrowLooksAtStateFirst && check_resumable(self) < 0) return py::raised;
  Ref<> exception =
      py::thrown_exception(args, at_future ? py::Thrower::future_iterator : py::Thrower::coroutine);
  if (!exception && self.phase != Phase::suspended) return py::raised;
  if (exception && check_resumable(self) < 0) return py::raised;
  if (exception) py::raise_exception(exception.get());
  Ref<> keep = py::borrow(object);
  PyObject* result = nullptr;
  const PySendResult sent = throw_pending(self, &result);
  return as_method_result(*self.state, sent, result);
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

PyObject* repr(PyObject* self) noexcept { return repr_at(routine_of(self).place, self).release(); }

// --- end of life ------------------------------------------------------------------------------

void finalize(PyObject* object) noexcept {
  Routine& self = routine_of(object);
  if (self.phase == Phase::finished || !self.body) return;
  if (self.phase == Phase::created) return warn_never_awaited(self.place, object);
  py::ErrorScope keep;
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
  py::DeallocScope scope(object, dealloc);
  if (scope.postponed()) return;
  Routine& self = routine_of(object);
  py::clear_weak_references(object, self.weak_references);
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
    py::method<refuse_to_reduce>("__reduce_ex__", nullptr),
    {}};
PyMemberDef members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(Routine, weak_references), READONLY, nullptr}, {}};
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
                       {Py_tp_members, members},
                       {Py_tp_getset, routine_attributes},
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
  self.place = self.at = call.place;
  self.traced = false;
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
