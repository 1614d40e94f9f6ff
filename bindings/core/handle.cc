#include "bindings/core/handle.h"

#include <structmember.h>

#include <new>

#include "bindings/core/current_task.h"
#include "bindings/core/stock.h"
#include "bindings/core/timer_call.h"
#include "bindings/core/work.h"
#include "bindings/py/call.h"
#include "bindings/py/dealloc.h"
#include "bindings/py/gc.h"
#include "bindings/py/method.h"

namespace phaseloop {
namespace {

Handle& handle_of(Runnable& work) noexcept { return static_cast<Handle&>(work); }
TimerHandle& timer_of(Runnable& work) noexcept {
  return static_cast<TimerHandle&>(static_cast<Timer&>(work));
}
Handle& handle_of(PyObject* self) noexcept { return *reinterpret_cast<Handle*>(self); }
TimerHandle& timer_of(PyObject* self) noexcept { return *reinterpret_cast<TimerHandle*>(self); }
template <class T>
PyObject* object_of(T& handle) noexcept {
  return reinterpret_cast<PyObject*>(&handle);
}

template <auto Of>
void run(Runnable& work) noexcept {
  auto& handle = Of(work);
  Ref<> self = py::steal(object_of(handle));
  if constexpr (std::is_same_v<decltype(handle), TimerHandle&>) {
    handle.scheduled = py::borrow(Py_False);
  }
  run_handle(handle, handle.data());
}
template <auto Of>
void drop(Runnable& work) noexcept {
  Ref<> share = py::steal(object_of(Of(work)));
}
template <auto Of>
PyObject* owner(Runnable& work) noexcept {
  return object_of(Of(work));
}
constexpr auto kHandleOf = [](Runnable& work) noexcept -> Handle& { return handle_of(work); };
constexpr auto kTimerOf = [](Runnable& work) noexcept -> TimerHandle& { return timer_of(work); };
constexpr WorkKind kHandleKind{{run<kHandleOf>, drop<kHandleOf>}, owner<kHandleOf>, nullptr};
constexpr WorkKind kTimerKind{{run<kTimerOf>, drop<kTimerOf>}, owner<kTimerOf>, nullptr};

Ref<> cancel(PyObject* self) noexcept {
  if (cancel_handle(handle_of(self), handle_of(self), self) < 0) return py::raised;
  return py::none();
}

// Called for a timer that is not in the native heap: asyncio's own code holds it, or it represents
// another timer.
[[gnu::cold]] int tell_owner(TimerHandle& handle, PyObject* self) noexcept {
  State* state = state_of_type(Py_TYPE(self));
  if (state == nullptr) return -1;
  if (PyObject* callback = handle.callback.get()) cancel_timer_call(*state, callback);
  Ref<> loop = handle.loop.share();
  LoopData* data = loop ? own_data(*state, loop.get()) : nullptr;
  if (data == nullptr || !data->stock) return 0;
  return py::call_method(loop.get(), state->names._timer_handle_cancelled.get(), self) ? 0 : -1;
}

Ref<> cancel_timer(PyObject* self) noexcept {
  TimerHandle& handle = timer_of(self);
  Ref<> share;
  if (handle.armed()) {
    handle.data().events->disarm(handle);
    share = py::steal(self);
    handle.scheduled = py::borrow(Py_False);
  } else if (!is_cancelled(handle) && tell_owner(handle, self) < 0) {
    return py::raised;
  }
  if (cancel_handle(handle, handle, self) < 0) return py::raised;
  return py::none();
}

template <class T>
int traverse(PyObject* self, visitproc visit, void* arg) noexcept {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(reinterpret_cast<T*>(self)->home.get());
  return py::visit_refs(*reinterpret_cast<T*>(self), visit, arg);
}
template <class T>
int clear(PyObject* self) noexcept {
  py::clear_refs(*reinterpret_cast<T*>(self));
  return 0;
}
// The list to which the handle's memory may go back; null for one that was never finished.
template <class T>
py::FreeList* list_of(T& handle) noexcept {
  if (!handle.home) return nullptr;
  State& state = handle.data().state;
  return std::is_same_v<T, Handle> ? &state.handles : &state.timer_handles;
}
template <class T>
void dealloc(PyObject* self) noexcept {
  py::DeallocScope scope(self, dealloc<T>);
  if (scope.postponed()) return;
  PyObject_GC_UnTrack(self);
  PyObject_ClearWeakRefs(self);
  T& handle = *reinterpret_cast<T*>(self);
  // The loop may go with the handle, and the state with the loop: not before the list is done.
  py::FreeList* list = list_of(handle);
  Ref<> home = std::move(handle.home);
  clear<T>(self);
  if (list == nullptr || !list->give(self)) py::free_object(self);
}

template <class H>
Ref<H> allocate(py::FreeList& list, const Ref<PyTypeObject>& type) noexcept {
  return py::steal(reinterpret_cast<H*>(list.make(type.get())));
}

template <class T, auto Cancel>
PyType_Slot* slots_of() noexcept {
  static PyMethodDef methods[] = {
      py::method<Cancel>("cancel", "Cancel the callback; a second call does nothing."), {}};
  static PyType_Slot slots[] = {{Py_tp_traverse, reinterpret_cast<void*>(traverse<T>)},
                                {Py_tp_clear, reinterpret_cast<void*>(clear<T>)},
                                {Py_tp_dealloc, reinterpret_cast<void*>(dealloc<T>)},
                                {Py_tp_methods, methods},
                                {0, nullptr}};
  return slots;
}

constexpr unsigned kFlags =
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION;

}  // namespace

int fill_handle(HandleSlots& handle, Home& home, LoopData& data, PyObject* callback, Ref<> args,
                PyObject* context) noexcept {
  home.home = py::borrow(data.object);
  handle.loop = py::borrow(data.object);
  handle.callback = py::borrow(callback);
  handle.args = std::move(args);
  handle.cancelled = py::borrow(Py_False);
  handle.context = context != nullptr ? py::borrow(context) : py::steal(PyContext_CopyCurrent());
  handle.repr = py::none();
  if (data.debug) [[unlikely]] {
    handle.source_traceback = py::call(data.state.origin_of_call.get());
    if (!handle.source_traceback) return -1;
  } else {
    handle.source_traceback = py::none();
  }
  return handle.context ? 0 : -1;
}

bool is_cancelled(const HandleSlots& handle) noexcept {
  PyObject* cancelled = handle.cancelled.get();
  if (cancelled == Py_False || cancelled == nullptr) [[likely]]
    return false;
  if (cancelled == Py_True) return true;
  const int answer = py::truth(cancelled);  // whatever somebody has put there
  if (answer < 0) py::write_unraisable(cancelled);
  return answer > 0;
}

namespace {

// Raises the error that asyncio raises when a slot has been deleted.
[[gnu::cold]] py::Raised no_slot(const char* name) noexcept {
  return py::raise(PyExc_AttributeError, "'Handle' object has no attribute '%s'", name);
}

// 1, 0 or -1: handle._loop.get_debug().
int in_debug_mode(const HandleSlots& handle, const Home& home) noexcept {
  if (handle.loop.get() == home.home.get()) [[likely]]
    return home.data().debug ? 1 : 0;
  if (!handle.loop) return no_slot("_loop");
  return py::truth(py::call_method(handle.loop.get(), home.data().state.names.get_debug.get()));
}

}  // namespace

// Handle.cancel(): in debug mode the repr is kept first, for it can't be made afterwards.
int cancel_handle(HandleSlots& handle, const Home& home, PyObject* self) noexcept {
  if (is_cancelled(handle)) return 0;
  handle.cancelled = py::borrow(Py_True);
  const int debug = in_debug_mode(handle, home);
  if (debug < 0) return -1;
  if (debug > 0) {
    Ref<> repr = py::steal(PyObject_Repr(self));
    if (!repr) return -1;
    handle.repr = std::move(repr);
  }
  handle.callback = py::none();
  handle.args = py::none();
  return 0;
}

Ref<Handle> new_handle(LoopData& data, PyObject* callback, Ref<> args, PyObject* context) noexcept {
  Ref<Handle> handle = allocate<Handle>(data.state.handles, data.state.handle_type);
  if (!handle) return py::raised;
  ::new (static_cast<Runnable*>(handle.get())) Runnable(kHandleKind);
  Handle& made = *handle.get();
  if (fill_handle(made, made, data, callback, std::move(args), context) < 0) return py::raised;
  return handle;
}

Ref<TimerHandle> new_timer_handle(LoopData& data, Ref<> when, PyObject* callback, Ref<> args,
                                  PyObject* context) noexcept {
  Ref<TimerHandle> handle =
      allocate<TimerHandle>(data.state.timer_handles, data.state.timer_handle_type);
  if (!handle) return py::raised;
  ::new (static_cast<Timer*>(handle.get())) Timer(kTimerKind);
  handle->when = std::move(when);
  handle->scheduled = py::borrow(Py_True);
  TimerHandle& made = *handle.get();
  if (fill_handle(made, made, data, callback, std::move(args), context) < 0) return py::raised;
  return handle;
}

// Whatever has a run(callback, *args) serves as a context for a callback, as with asyncio.
[[gnu::cold]] Ref<> run_by_context(PyObject* context, PyObject* callback, PyObject* const* args,
                                   std::size_t count) noexcept {
  Ref<> run = py::steal(PyObject_GetAttrString(context, "run"));
  Ref<> all = py::steal(PyTuple_New(static_cast<Py_ssize_t>(count) + 1));
  if (!run || !all) return py::raised;
  PyTuple_SET_ITEM(all.get(), 0, py::borrow(callback).release());
  for (std::size_t i = 0; i < count; ++i) {
    PyTuple_SET_ITEM(all.get(), static_cast<Py_ssize_t>(i) + 1, py::borrow(args[i]).release());
  }
  return py::steal(PyObject_Call(run.get(), all.get(), nullptr));
}

Ref<> call_in_context(PyObject* context, PyObject* callback, PyObject* const* args,
                      std::size_t count) noexcept {
  if (!PyContext_CheckExact(context)) [[unlikely]] {
    return run_by_context(context, callback, args, count);
  }
  if (PyContext_Enter(context) < 0) return py::raised;
  Ref<> result = py::steal(PyObject_Vectorcall(callback, args, count, nullptr));
  if (result) {
    if (PyContext_Exit(context) < 0) return py::raised;
    return result;
  }
  py::ErrorScope keep;
  if (PyContext_Exit(context) < 0) py::consume_error(PyExc_RuntimeError);
  return nullptr;
}

namespace {

// `*args` of a call: a tuple of whatever can be iterated over.
[[gnu::cold]] Ref<> as_tuple(PyObject* args) noexcept {
  if (args == nullptr) return no_slot("_args");
  if (Py_TYPE(args)->tp_iter == nullptr && PySequence_Check(args) == 0) {
    return py::raise(PyExc_TypeError, "Value after * must be an iterable, not %.200s",
                     Py_TYPE(args)->tp_name);
  }
  return py::steal(PySequence_Tuple(args));
}

// handle._context.run(handle._callback, *handle._args). The three are the caller's.
Ref<> call(PyObject* context, PyObject* callback, PyObject* args) noexcept {
  Ref<> made;
  if (context == nullptr || callback == nullptr || args == nullptr || !PyTuple_CheckExact(args))
      [[unlikely]] {
    if (context == nullptr) return no_slot("_context");
    if (callback == nullptr) return no_slot("_callback");
    made = as_tuple(args);
    if (!made) return py::raised;
    args = made.get();
  }
  return call_in_context(context, callback, &PyTuple_GET_ITEM(args, 0),
                         static_cast<std::size_t>(PyTuple_GET_SIZE(args)));
}

}  // namespace

void run_handle(HandleSlots& handle, LoopData& data) noexcept {
  if (is_cancelled(handle)) return;
  leave_standing_task(data);
  // The callback may cancel its own handle, which lets go of all three.
  Ref<> callback = handle.callback.share();
  Ref<> args = handle.args.share();
  Ref<> context = handle.context.share();
  Ref<> result = call(context.get(), callback.get(), args.get());
  if (result) [[likely]]
    return;
  Ref<> exception = py::fetch_error();
  Ref<> loop = handle.loop ? handle.loop.share() : py::borrow(data.object);
  if (!callback) callback = py::none();
  if (!args) args = py::none();
  callback_failed(data, loop.get(), callback.get(), args.get(),
                  reinterpret_cast<PyObject*>(&handle), std::move(exception));
}

Ref<PyTypeObject> new_handle_type(State& state, PyObject* module) noexcept {
  PyType_Spec spec = {"phaseloop._native.Handle", sizeof(Handle), 0, kFlags,
                      slots_of<Handle, cancel>()};
  return py::steal(reinterpret_cast<PyTypeObject*>(
      PyType_FromModuleAndSpec(module, &spec, state.base_handle.get())));
}

Ref<PyTypeObject> new_timer_handle_type(State& state, PyObject* module) noexcept {
  PyType_Spec spec = {"phaseloop._native.TimerHandle", sizeof(TimerHandle), 0, kFlags,
                      slots_of<TimerHandle, cancel_timer>()};
  return py::steal(reinterpret_cast<PyTypeObject*>(
      PyType_FromModuleAndSpec(module, &spec, state.base_timer_handle.get())));
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winvalid-offsetof"
int take_handle_classes(State& state) noexcept {
  state.base_handle =
      class_with_slots(state.base_handle, nullptr,
                       {{"_args", offsetof(HandleSlots, args)},
                        {"_callback", offsetof(HandleSlots, callback)},
                        {"_cancelled", offsetof(HandleSlots, cancelled)},
                        {"_context", offsetof(HandleSlots, context)},
                        {"_loop", offsetof(HandleSlots, loop)},
                        {"_repr", offsetof(HandleSlots, repr)},
                        {"_source_traceback", offsetof(HandleSlots, source_traceback)},
                        {"__weakref__", 0}},
                       sizeof(HandleSlots));
  if (!state.base_handle) return -1;
  state.base_timer_handle = class_with_slots(state.base_timer_handle, state.base_handle.get(),
                                             {{"_scheduled", offsetof(TimerHandleSlots, scheduled)},
                                              {"_when", offsetof(TimerHandleSlots, when)}},
                                             sizeof(TimerHandleSlots));
  return state.base_timer_handle ? 0 : -1;
}
#pragma GCC diagnostic pop

}  // namespace phaseloop
