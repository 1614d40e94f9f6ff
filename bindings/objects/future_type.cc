// The Python type Future: methods, attributes, life cycle.
#include <new>

#include "bindings/core/work.h"
#include "bindings/objects/done_callback.h"
#include "bindings/objects/future.h"
#include "bindings/objects/task.h"
#include "bindings/objects/type_layout.h"
#include "bindings/py/call.h"
#include "bindings/py/dealloc.h"
#include "bindings/py/gc.h"
#include "bindings/py/method.h"

namespace phaseloop {
namespace {

using py::Args;

[[gnu::cold]] py::Raised not_initialized(PyObject* self, bool invalid_state) noexcept {
  PyObject* type = PyExc_RuntimeError;
  if (invalid_state) {
    State* state = state_of_type(Py_TYPE(self));
    if (state == nullptr) return py::raised;
    type = state->invalid_state_error.get();
  }
  return py::raise(type, "Future object is not initialized.");
}

Ref<> result(PyObject* self) noexcept {
  FutureData& future = future_data(self);
  if (future.data == nullptr) return not_initialized(self, true);
  if (future.state.pending()) {
    return py::raise(future.data->state.invalid_state_error.get(), "Result is not set.");
  }
  Ref<> value;
  switch (future_outcome(future, value)) {
    case Outcome::result:
      return value;
    case Outcome::exception:
      return py::raise_exception(value.get());
    case Outcome::failed:
      break;
  }
  return py::raised;
}

Ref<> exception(PyObject* self) noexcept {
  FutureData& future = future_data(self);
  if (future.data == nullptr) return not_initialized(self, true);
  if (future.state.cancelled()) {
    Ref<> error = make_cancelled_error(future);
    if (!error) return py::raised;
    return py::raise_exception(error.get());
  }
  if (future.state.pending()) {
    return py::raise(future.data->state.invalid_state_error.get(), "Exception is not set.");
  }
  if (!future.failed) return py::none();
  future.state.exception_unseen = false;
  return future.value.share();
}

Ref<> set_result(PyObject* self, PyObject* value) noexcept {
  if (finish_with_result(future_data(self), py::borrow(value)) < 0) return py::raised;
  return py::none();
}

Ref<> set_exception(PyObject* self, PyObject* error) noexcept {
  if (finish_with_exception(future_data(self), error) < 0) return py::raised;
  return py::none();
}

Ref<> add_done_callback(PyObject* self, Args args) noexcept {
  PyObject *callback = nullptr, *context = nullptr;
  // `fn` is positional only: an unnamed parameter.
  if (py::bind({"add_done_callback", 1, 1}, args, {{"", &callback}, {"context", &context}}) < 0) {
    return py::raised;
  }
  FutureData& future = future_data(self);
  if (future.data == nullptr) {
    return py::raise(PyExc_RuntimeError, "uninitialized Future object");
  }
  Ref<> own = context == nullptr || context == Py_None ? py::steal(PyContext_CopyCurrent())
                                                       : py::borrow(context);
  if (!own || add_callback(future, callback, own.get()) < 0) return py::raised;
  return py::none();
}

// Comparing may run Python code that adds and removes waiters: then the pass starts over.
Ref<> remove_done_callback(PyObject* self, PyObject* fn) noexcept {
  FutureData& future = future_data(self);
  if (future.data == nullptr) return not_initialized(self, false);
  Py_ssize_t removed = 0;
  for (Waiter* w = future.state.waiters.first(); w != nullptr;) {
    Waiter* next = WaiterList::after(*w);
    if (DoneCallback* callback = as_done_callback(*w)) {
      const std::uint32_t edits = future.edits;
      Ref<> candidate = callback->callback.share();
      const int equal = PyObject_RichCompareBool(candidate.get(), fn, Py_EQ);
      if (equal < 0) return py::raised;
      if (edits != future.edits) {
        w = future.state.waiters.first();
        continue;
      }
      if (equal != 0) {
        remove_waiter(future, *w);
        --future.callbacks;
        ++removed;
        const std::uint32_t now = future.edits;
        callback->drop();
        if (now != future.edits) next = future.state.waiters.first();
      }
    }
    w = next;
  }
  return py::steal(PyLong_FromSsize_t(removed));
}

Ref<> cancel(PyObject* self, Args args) noexcept {
  PyObject* message = nullptr;
  if (py::bind({"cancel", 1, 0}, args, {{"msg", &message}}) < 0) return py::raised;
  FutureData& future = future_data(self);
  if (future.data == nullptr) return not_initialized(self, false);
  const int cancelled = cancel_future(future, message != nullptr ? message : Py_None);
  if (cancelled < 0) return py::raised;
  return py::boolean(cancelled != 0);
}

Ref<> cancelled(PyObject* self) noexcept {
  return py::boolean(future_data(self).state.cancelled());
}

Ref<> done(PyObject* self) noexcept { return py::boolean(future_data(self).state.done()); }

Ref<> get_loop(PyObject* self) noexcept {
  FutureData& future = future_data(self);
  if (future.data == nullptr) return not_initialized(self, false);
  return future.loop.share();
}

Ref<> make_cancelled(PyObject* self) noexcept {
  FutureData& future = future_data(self);
  if (future.data == nullptr) return not_initialized(self, false);
  return make_cancelled_error(future);
}

// --- attributes that asyncio and its friends look at -------------------------------------------

Ref<> get_blocking(PyObject* self) noexcept {
  return py::boolean(future_data(self).state.blocking);
}
int set_blocking(PyObject* self, PyObject* value) noexcept {
  if (value == nullptr) return py::raise(PyExc_AttributeError, "cannot delete attribute");
  const int blocking = PyObject_IsTrue(value);
  if (blocking < 0) return -1;
  future_data(self).state.blocking = blocking != 0;
  return 0;
}

Ref<> get_log_traceback(PyObject* self) noexcept {
  return py::boolean(future_data(self).state.exception_unseen);
}
int set_log_traceback(PyObject* self, PyObject* value) noexcept {
  if (value == nullptr) return py::raise(PyExc_AttributeError, "cannot delete attribute");
  const int log = PyObject_IsTrue(value);
  if (log < 0) return -1;
  if (log != 0) return py::raise(PyExc_ValueError, "_log_traceback can only be set to False");
  future_data(self).state.exception_unseen = false;
  return 0;
}

Ref<> get_loop_attribute(PyObject* self) noexcept {
  return py::or_none(future_data(self).loop.get());
}

// [(callable, context), …], the waiting tasks and combinators among them; None if nobody waits.
// What the waiter is shown as: a tuple of callables. Empty without an error: not at all.
// The waiter may be gone once anything has been made here, for that may collect garbage.
Ref<> shown_waiter(State& state, Waiter& waiter, Ref<>& context) noexcept {
  if (DoneCallback* callback = as_done_callback(waiter)) {
    context = callback->context.share();
    Ref<> callable = callback->callback.share();
    return py::steal(PyTuple_Pack(1, callable.get()));
  }
  const WorkKind& kind = work_kind(waiter);
  Ref<> owner = py::borrow(kind.owner(waiter));
  if (!owner) return nullptr;
  context = waiter_context(state, owner.get());
  if (!context) return py::raised;
  if (kind.stands_for != nullptr) return shown_callbacks(state, kind, owner.get());
  Ref<> callable = waiter_callable(state, owner.get());
  return callable ? py::steal(PyTuple_Pack(1, callable.get())) : nullptr;
}

Ref<> get_callbacks(PyObject* self) noexcept {
  FutureData& future = future_data(self);
  if (future.state.waiters.empty()) return py::none();
  Ref<> list = py::steal(PyList_New(0));
  if (!list) return py::raised;
  const std::uint32_t edits = future.edits;
  State& state = future.data->state;
  for (Waiter* w = future.state.waiters.first(); w != nullptr; w = WaiterList::after(*w)) {
    Ref<> context;
    Ref<> callables = shown_waiter(state, *w, context);
    if (!callables && PyErr_Occurred() != nullptr) return py::raised;
    const Py_ssize_t count = callables ? PyTuple_GET_SIZE(callables.get()) : 0;
    for (Py_ssize_t i = 0; i < count; ++i) {
      Ref<> pair = py::steal(PyTuple_Pack(2, PyTuple_GET_ITEM(callables.get(), i), context.get()));
      if (!pair || PyList_Append(list.get(), pair.get()) < 0) return py::raised;
    }
    if (edits != future.edits) break;
  }
  return list;
}

Ref<> get_result(PyObject* self) noexcept {
  FutureData& future = future_data(self);
  return py::or_none(future.failed ? nullptr : future.value.get());
}
Ref<> get_exception(PyObject* self) noexcept {
  FutureData& future = future_data(self);
  return py::or_none(future.failed ? future.value.get() : nullptr);
}
Ref<> get_source_traceback(PyObject* self) noexcept {
  return py::or_none(future_data(self).source_traceback.get());
}
Ref<> get_cancel_message(PyObject* self) noexcept {
  return py::or_none(future_data(self).cancel_message.get());
}
int set_cancel_message(PyObject* self, PyObject* value) noexcept {
  if (value == nullptr) return py::raise(PyExc_AttributeError, "cannot delete attribute");
  future_data(self).cancel_message = py::borrow(value);
  return 0;
}

Ref<> get_state(PyObject* self) noexcept {
  FutureData& future = future_data(self);
  if (future.data == nullptr) return not_initialized(self, false);
  const char* name = future.state.pending()     ? "PENDING"
                     : future.state.cancelled() ? "CANCELLED"
                                                : "FINISHED";
  return py::steal(PyUnicode_InternFromString(name));
}

// --- life cycle -----------------------------------------------------------------------------

int init(PyObject* self, PyObject* args, PyObject* keywords) noexcept {
  PyObject* loop = nullptr;
  if (py::bind({"Future", 0, 0}, args, keywords, {{"loop", &loop}}) < 0) return -1;
  return init_future(self, loop);
}

PyObject* repr(PyObject* self) noexcept {
  FutureData& future = future_data(self);
  if (future.data == nullptr) return not_initialized(self, false);
  if (py::check_stack() < 0) return nullptr;
  return py::call(future.data->state.future_repr.get(), self).release();
}

int traverse(PyObject* self, visitproc visit, void* arg) noexcept {
#if PY_VERSION_HEX < 0x030c0000
  Py_VISIT(Py_TYPE(self));  // a static base does not
#endif
  if (int result = future_slots::traverse_data(future_data(self), visit, arg)) return result;
  return future_base.traverse(self, visit, arg);
}

int clear(PyObject* self) noexcept {
  future_slots::clear_data(future_data(self));
  return future_base.clear(self);
}

// The list for its memory, or null; a finalizer that ran, or has to, lets it go the long way.
py::FreeList* list_for(PyObject* self) noexcept {
  FutureData& future = future_data(self);
  if (future.data == nullptr || !future.data->native() || future.state.exception_unseen) {
    return nullptr;
  }
  State& state = future.data->state;
  if (Py_TYPE(self) != state.future_type.get()) return nullptr;
  return state.futures.has_room_for(self) ? &state.futures : nullptr;
}

void dealloc(PyObject* self) noexcept {
  py::DeallocScope scope(self, dealloc);
  if (scope.postponed()) return;
  py::FreeList* list = list_for(self);
  // For Python subclasses subtype_dealloc() has called the finalizer already.
  if (list == nullptr && Py_TYPE(self)->tp_dealloc == dealloc &&
      PyObject_CallFinalizerFromDealloc(self) < 0) {
    return;
  }
  PyObject_GC_UnTrack(self);
  FutureData& future = future_data(self);
  Ref<> loop = future.loop.share();  // the list lives as long as a loop
  future_slots::clear_data(future);
  future.~FutureData();
  list != nullptr ? future_base.recycle(self, *list) : future_base.finish_dealloc(self);
}

PyMethodDef methods[] = {
    py::method<result>(
        "result",
        "result($self, /)\n--\n\nReturn the result this future "
        "represents.\n\nIf the future has been cancelled, raises CancelledError.  "
        "If the\nfuture's result isn't yet available, raises InvalidStateError.  "
        "If\nthe future is done and has an exception set, this exception is raised."),
    py::method<exception>("exception",
                          "exception($self, /)\n--\n\nReturn the exception that was "
                          "set on this future.\n\nThe exception (or None if no exception was set) "
                          "is returned only if\nthe future is done.  If the future has been "
                          "cancelled, raises\nCancelledError.  If the future isn't done yet, "
                          "raises\nInvalidStateError."),
    py::method<set_result>("set_result",
                           "set_result($self, result, /)\n--\n\nMark the future done "
                           "and set its result.\n\nIf the future is already done when this method "
                           "is called, raises\nInvalidStateError."),
    py::method<set_exception>("set_exception",
                              "set_exception($self, exception, /)\n--\n\nMark the "
                              "future done and set an exception.\n\nIf the future is already done "
                              "when this method is called, raises\nInvalidStateError."),
    py::method<add_done_callback>(
        "add_done_callback",
        "add_done_callback($self, fn, /, *, context=<unrepresentable>)\n--\n\n"
        "Add a callback to be run when the future becomes done.\n\nThe callback is called with a "
        "single argument - the future object. If\nthe future is already done when this is called, "
        "the callback is\nscheduled with call_soon."),
    py::method<remove_done_callback>(
        "remove_done_callback",
        "remove_done_callback($self, fn, /)\n--\n\nRemove all instances of "
        "a callback from the \"call when done\" list.\n\nReturns the number of callbacks removed."),
    py::method<cancel>("cancel",
                       "cancel($self, /, msg=None)\n--\n\nCancel the future and schedule "
                       "callbacks.\n\nIf the future is already done or cancelled, return False.  "
                       "Otherwise,\nchange the future's state to cancelled, schedule the callbacks "
                       "and\nreturn True."),
    py::method<cancelled>("cancelled",
                          "cancelled($self, /)\n--\n\nReturn True if the future was cancelled."),
    py::method<done>(
        "done",
        "done($self, /)\n--\n\nReturn True if the future is done.\n\nDone "
        "means either that a result / exception are available, or that the\nfuture was "
        "cancelled."),
    py::method<get_loop>("get_loop",
                         "get_loop($self, /)\n--\n\nReturn the event loop the Future is "
                         "bound to."),
    py::method<make_cancelled>("_make_cancelled_error",
                               "_make_cancelled_error($self, /)\n--\n\nCreate the CancelledError "
                               "to raise if the Future is cancelled.\n\nThis should only be called "
                               "once when handling a cancellation since\nit erases the context "
                               "exception value."),
    {}};

PyGetSetDef attributes[] = {py::property<get_blocking, set_blocking>("_asyncio_future_blocking"),
                            py::property<get_log_traceback, set_log_traceback>("_log_traceback"),
                            py::property<get_cancel_message, set_cancel_message>("_cancel_message"),
                            py::getter<get_loop_attribute>("_loop"),
                            py::getter<get_callbacks>("_callbacks"),
                            py::getter<get_result>("_result"),
                            py::getter<get_exception>("_exception"),
                            py::getter<get_source_traceback>("_source_traceback"),
                            py::getter<get_state>("_state"),
                            {}};

constexpr const char* kDoc =
    "Future(*, loop=None)\n--\n\n"
    "This class is *almost* compatible with concurrent.futures.Future.\n\n"
    "    Differences:\n\n"
    "    - result() and exception() do not take a timeout argument and\n"
    "      raise an exception when the future isn't done yet.\n\n"
    "    - Callbacks registered with add_done_callback() are always called\n"
    "      via the event loop's call_soon_threadsafe().\n\n"
    "    - This class is not compatible with the wait() and as_completed()\n"
    "      methods in the concurrent.futures package.";

PyType_Slot slots[] = {{Py_tp_doc, const_cast<char*>(kDoc)},
                       {Py_tp_new, reinterpret_cast<void*>(future_slots::create)},
                       {Py_tp_init, reinterpret_cast<void*>(init)},
                       {Py_tp_repr, reinterpret_cast<void*>(repr)},
                       {Py_tp_hash, reinterpret_cast<void*>(future_slots::hash)},
                       {Py_tp_traverse, reinterpret_cast<void*>(traverse)},
                       {Py_tp_clear, reinterpret_cast<void*>(clear)},
                       {Py_tp_finalize, reinterpret_cast<void*>(future_slots::finalize)},
                       {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
                       {Py_tp_iter, reinterpret_cast<void*>(new_future_iter)},
                       {Py_am_await, reinterpret_cast<void*>(new_future_iter)},
                       {Py_tp_methods, methods},
                       {Py_tp_getset, attributes},
                       {0, nullptr}};

}  // namespace

namespace future_slots {

PyObject* create(PyTypeObject* type, PyObject*, PyObject*) noexcept {
  PyObject* self = type->tp_alloc(type, 0);
  if (self != nullptr) ::new (static_cast<void*>(&future_data(self))) FutureData;
  return self;
}

int traverse_data(FutureData& future, visitproc visit, void* arg) noexcept {
  for (Waiter* w = future.state.waiters.first(); w != nullptr; w = WaiterList::after(*w)) {
    if (int result = visit_share(*w, visit, arg)) return result;
  }
  Py_VISIT(future.foreign_state.obj());
  return py::visit_refs(future, visit, arg);
}

void clear_data(FutureData& future) noexcept {
  future.state.waiters.drop_all();
  future.callbacks = 0;
  future.data = nullptr;
  py::clear_refs(future);
}

// "… exception was never retrieved", once, through the loop.
void finalize(PyObject* self) noexcept {
  FutureData& future = future_data(self);
  if (!future.state.exception_unseen || future.data == nullptr) return;
  future.state.exception_unseen = false;
  py::ErrorScope keep;
  Ref<> name = py::steal(PyType_GetName(Py_TYPE(self)));
  Ref<> message =
      name ? py::steal(PyUnicode_FromFormat("%U exception was never retrieved", name.get()))
           : nullptr;
  if (!message) return py::write_unraisable(self);
  State& state = future.data->state;
  Ref<> loop = future.loop.share();
  Ref<> value = future.value.share(), traceback = future.source_traceback.share();
  report(state, loop.get(),
         {message.get(), value.get(), state.names.future.get(), self, traceback.get()});
}

Py_hash_t hash(PyObject* self) noexcept {
  FutureData& future = future_data(self);
  if (future.hash == 0) {
    if (future.data == nullptr) return PyBaseObject_Type.tp_hash(self);
    future.hash = next_hash(future.data->state);
  }
  return static_cast<Py_hash_t>(future.hash);
}

}  // namespace future_slots

Ref<PyTypeObject> new_future_type(State& state, PyObject* module) noexcept {
  PyType_Spec spec = {
      "phaseloop._native.Future", 0, 0,
      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE,
      slots};
  future_base.take(state.base_future);
  return derive_type(module, spec, state.base_future.get());
}

}  // namespace phaseloop
