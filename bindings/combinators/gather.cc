#include "bindings/combinators/gather.h"

#include <new>

#include "bindings/combinators/children.h"
#include "bindings/objects/base_task.h"
#include "bindings/objects/operation.h"
#include "bindings/objects/task.h"
#include "bindings/objects/type_layout.h"
#include "bindings/py/call.h"
#include "bindings/py/dealloc.h"
#include "bindings/py/method.h"
#include "bindings/py/objects.h"
#include "bindings/py/version.h"

namespace phaseloop {
namespace {

using py::Args;

struct GatherData : FutureData {
  Ref<> awaiter;  // the task that gathers
  Children children;
  std::size_t finished = 0;
  bool return_exceptions = false;
  bool cancel_requested = false;
};

GatherData& gather_data(PyObject* self) noexcept {
  return static_cast<GatherData&>(future_data(self));
}

// What an exception of the gathering itself comes to: its awaiter gets it, if it still waits.
int fail(GatherData& gather) noexcept {
  Ref<> error = py::fetch_error();
  if (gather.state.done()) return 0;
  return finish_with_exception(gather, error.get());
}

// The result of one child among the results, exceptions as values.
Ref<> result_of(FutureData& child) noexcept {
  if (check_finished(child) < 0) return py::raised;
  if (!child.state.cancelled()) {
    child.state.exception_unseen = false;
    return child.value.share();
  }
  PyObject* message = child.cancel_message.get();
  Ref<> text = message == nullptr || message == Py_None ? py::steal(PyUnicode_FromString(""))
                                                        : py::borrow(message);
  if (!text) return py::raised;
  return py::call(child.data->state.cancelled_error.get(), text.get());
}

int finish_all(GatherData& gather) noexcept {
  const std::size_t count = gather.children.size();
  py::NewList results(count);
  if (!results) return fail(gather);
  for (std::size_t i = 0; i < count; ++i) {
    Ref<> result = result_of(future_data(gather.children[i].future));
    if (!result) return fail(gather);
    results.set(i, std::move(result));
  }
  if (!gather.cancel_requested) return finish_with_result(gather, results.finish());
  // Being cancelled wins over return_exceptions.
  FutureData& last = future_data(gather.children[count - 1].future);
  Ref<> error = make_cancelled_error(last);
  return error ? finish_with_exception(gather, error.get()) : fail(gather);
}

// asyncio's _done_callback(): one more child is done.
int count_child(GatherData& gather, FutureData& child) noexcept {
  ++gather.finished;
  if (gather.awaiter) hide_awaiting(object_of(child), gather.awaiter.get());
  if (gather.state.done()) {
    child.state.exception_unseen = false;  // nobody else will look
    return 0;
  }
  if (!gather.return_exceptions) {
    if (child.state.cancelled()) {
      Ref<> error = make_cancelled_error(child);
      return error ? finish_with_exception(gather, error.get()) : fail(gather);
    }
    if (child.failed) {
      child.state.exception_unseen = false;
      return finish_with_exception(gather, child.value.get());
    }
  }
  return gather.finished == gather.children.size() ? finish_all(gather) : 0;
}

void child_done(Runnable& work) noexcept {
  Child& child = child_of(work);
  Ref<> share = py::steal(child.parent);
  if (count_child(gather_data(child.parent), future_data(child.future)) < 0) {
    py::write_unraisable(child.parent);
  }
}
constexpr WorkKind kChildKind = child_kind(child_done, "gather._done_callback");

int wait_for_children(PyObject* self, py::Objects& futures) noexcept {
  GatherData& gather = gather_data(self);
  if (gather.children.make(kChildKind, self, futures) < 0) return -1;
  // Where asyncio counts futures that are done already at once, it does so last.
  for (int pass = 0; pass < 2; ++pass) {
    for (std::size_t i = 0; i < gather.children.size(); ++i) {
      FutureData& child = future_data(gather.children[i].future);
      const bool at_once = version::kGatherCountsDoneAtOnce && child.state.done();
      if (at_once != (pass == 1)) continue;
      if (!at_once && gather.awaiter) show_awaiting(object_of(child), gather.awaiter.get());
      const int done = at_once ? count_child(gather, child) : gather.children.wait(i);
      if (done < 0) return -1;
    }
  }
  return 0;
}

Ref<> gather_natively(LoopData& data, Args args, bool return_exceptions) noexcept {
  Ref<> loop = py::borrow(data.object);
  const Wanted wanted{.coroutines = true, .unique = false, .log_destroy_pending = false};
  py::Objects futures;
  if (native_futures(data, loop.get(), args.data(), static_cast<std::size_t>(args.count()), wanted,
                     futures) <= 0) {
    return nullptr;
  }
  Ref<> self = py::steal(data.state.gatherings.make(data.state.gathering_future_type.get()));
  if (!self) return py::raised;
  ::new (static_cast<void*>(&future_data(self.get()))) GatherData;
  if (begin_future(self.get(), data, loop.get()) < 0) return py::raised;
  GatherData& gather = gather_data(self.get());
  gather.return_exceptions = return_exceptions;
  if (version::kTasksInThreadState) gather.awaiter = py::borrow(stepping.task);
  if (wait_for_children(self.get(), futures) < 0) return py::raised;
  return self;
}

Ref<> cancel(PyObject* self, Args args) noexcept {
  PyObject* message = Py_None;
  if (py::bind({"cancel", 1, 0}, args, {{"msg", &message}}) < 0) return py::raised;
  GatherData& gather = gather_data(self);
  if (gather.state.done() || gather.data == nullptr) return py::boolean(false);
  if (py::check_stack() < 0) return py::raised;
  bool any = false;
  PyObject* name = gather.data->state.names.cancel.get();
  for (std::size_t i = 0; i < gather.children.size(); ++i) {
    const int cancelled = py::truth(py::call_method(gather.children[i].future, name, message));
    if (cancelled < 0) return py::raised;
    any = any || cancelled != 0;
  }
  // The children's end ends the gathering, not this.
  if (any) gather.cancel_requested = true;
  return py::boolean(any);
}

Ref<> get_children(PyObject* self) noexcept { return gather_data(self).children.futures(); }
Ref<> get_cancel_requested(PyObject* self) noexcept {
  return py::boolean(gather_data(self).cancel_requested);
}

// --- life cycle -----------------------------------------------------------------------------

PyObject* create(PyTypeObject* type, PyObject*, PyObject*) noexcept {
  PyObject* self = type->tp_alloc(type, 0);
  if (self != nullptr) ::new (static_cast<void*>(&future_data(self))) GatherData;
  return self;
}

int traverse(PyObject* self, visitproc visit, void* arg) noexcept {
#if PY_VERSION_HEX < 0x030c0000
  Py_VISIT(Py_TYPE(self));
#endif
  if (int result = gather_data(self).children.traverse(visit, arg)) return result;
  Py_VISIT(gather_data(self).awaiter.get());
  if (int result = future_slots::traverse_data(gather_data(self), visit, arg)) return result;
  return future_base.traverse(self, visit, arg);
}

void clear_data(PyObject* self) noexcept {
  GatherData& gather = gather_data(self);
  future_slots::clear_data(gather);
  gather.children.stop_waiting();
  gather.awaiter = nullptr;
  gather.children.reset();
}

int clear(PyObject* self) noexcept {
  clear_data(self);
  return future_base.clear(self);
}

// The list for its memory, or null; a finalizer that ran, or has to, lets it go the long way.
py::FreeList* list_for(PyObject* self) noexcept {
  GatherData& gather = gather_data(self);
  if (gather.data == nullptr || !gather.data->native() || gather.state.exception_unseen) {
    return nullptr;
  }
  py::FreeList& list = gather.data->state.gatherings;
  return list.has_room_for(self) ? &list : nullptr;
}

void dealloc(PyObject* self) noexcept {
  py::DeallocScope scope(self, dealloc);
  if (scope.postponed()) return;
  py::FreeList* list = list_for(self);
  if (list == nullptr && PyObject_CallFinalizerFromDealloc(self) < 0) return;
  PyObject_GC_UnTrack(self);
  Ref<> loop = gather_data(self).loop.share();  // the list lives as long as a loop
  clear_data(self);
  gather_data(self).~GatherData();
  list != nullptr ? future_base.recycle(self, *list) : future_base.finish_dealloc(self);
}

PyMethodDef methods[] = {py::method<cancel>("cancel", "cancel($self, /, msg=None)\n--\n\n"), {}};
PyGetSetDef attributes[] = {py::getter<get_children>("_children"),
                            py::getter<get_cancel_requested>("_cancel_requested"),
                            {}};
PyType_Slot slots[] = {{Py_tp_new, reinterpret_cast<void*>(create)},
                       {Py_tp_traverse, reinterpret_cast<void*>(traverse)},
                       {Py_tp_clear, reinterpret_cast<void*>(clear)},
                       {Py_tp_finalize, reinterpret_cast<void*>(future_slots::finalize)},
                       {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
                       {Py_tp_methods, methods},
                       {Py_tp_getset, attributes},
                       {0, nullptr}};

}  // namespace

Ref<> gather(PyObject*, Args args) noexcept {
  PyObject* return_exceptions = nullptr;
  const py::Signature signature{
      .function = "gather", .positional_max = 0, .required = 0, .variadic = true};
  if (!py::fits(signature, args, {{"return_exceptions", &return_exceptions}})) return nullptr;
  LoopData* data = driving_loop();
  if (data == nullptr || args.count() == 0) return nullptr;
  const int exceptions = return_exceptions != nullptr ? PyObject_IsTrue(return_exceptions) : 0;
  return exceptions < 0 ? py::raised : gather_natively(*data, args, exceptions != 0);
}

Ref<PyTypeObject> new_gathering_future_type(State& state, PyObject* module) noexcept {
  const auto size = future_offset + static_cast<Py_ssize_t>(sizeof(GatherData));
  PyType_Spec spec = {"phaseloop._native._GatheringFuture", static_cast<int>(size), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE, slots};
  return derive_type(module, spec, state.future_type.obj());
}

}  // namespace phaseloop
