#include "bindings/core/threadsafe_handle.h"

#include <new>

#include "bindings/core/stock.h"
#include "bindings/core/work.h"
#include "bindings/py/dealloc.h"
#include "bindings/py/gil.h"
#include "bindings/py/method.h"

namespace phaseloop {
namespace {

ThreadSafeHandle& handle_of(Runnable& work) noexcept {
  return static_cast<ThreadSafeHandle&>(work);
}
ThreadSafeHandle& handle_of(PyObject* self) noexcept {
  return *reinterpret_cast<ThreadSafeHandle*>(self);
}
PyObject* object_of(ThreadSafeHandle& handle) noexcept {
  return reinterpret_cast<PyObject*>(&handle);
}

void run(Runnable& work) noexcept {
  ThreadSafeHandle& handle = handle_of(work);
  Ref<> self = py::steal(object_of(handle));
  handle.runner.store(PyThread_get_thread_ident(), std::memory_order_seq_cst);
  run_handle(handle, handle.data());
  handle.runner.store(0, std::memory_order_seq_cst);
  handle.runner.notify_all();
}
void drop(Runnable& work) noexcept { Ref<> share = py::steal(object_of(handle_of(work))); }
PyObject* owner(Runnable& work) noexcept { return object_of(handle_of(work)); }
constexpr WorkKind kKind{{run, drop}, owner, nullptr};

// Until the callback is over, unless it is itself what is asking.
void wait_for_callback(ThreadSafeHandle& handle) noexcept {
  unsigned long runner = handle.runner.load(std::memory_order_seq_cst);
  if (runner == 0 || runner == PyThread_get_thread_ident()) return;
  py::ReleasedGil released;
  while (runner != 0) {
    handle.runner.wait(runner, std::memory_order_seq_cst);
    runner = handle.runner.load(std::memory_order_seq_cst);
  }
}

Ref<> cancel(PyObject* self) noexcept {
  wait_for_callback(handle_of(self));
  ThreadSafeHandle& handle = handle_of(self);
  return cancel_handle(handle, handle, self) < 0 ? nullptr : py::none();
}
Ref<> cancelled(PyObject* self) noexcept {
  wait_for_callback(handle_of(self));
  return py::boolean(is_cancelled(handle_of(self)));
}

int traverse(PyObject* self, visitproc visit, void* arg) noexcept {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(handle_of(self).home.get());
  return py::visit_refs(static_cast<ThreadSafeHandleSlots&>(handle_of(self)), visit, arg);
}
int clear(PyObject* self) noexcept {
  py::clear_refs(static_cast<ThreadSafeHandleSlots&>(handle_of(self)));
  return 0;
}
void dealloc(PyObject* self) noexcept {
  py::DeallocScope scope(self, dealloc);
  if (scope.postponed()) return;
  PyObject_GC_UnTrack(self);
  PyObject_ClearWeakRefs(self);
  clear(self);
  handle_of(self).home = nullptr;
  py::free_object(self);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winvalid-offsetof"
constexpr std::size_t kLockAt = offsetof(ThreadSafeHandleSlots, lock);
#pragma GCC diagnostic pop

PyMethodDef methods[] = {
    py::method<cancel>("cancel", "Cancel the callback; waits while it runs in another thread."),
    py::method<cancelled>("cancelled", "Whether it was cancelled; waits while the callback runs."),
    {}};
PyType_Slot slots[] = {{Py_tp_traverse, reinterpret_cast<void*>(traverse)},
                       {Py_tp_clear, reinterpret_cast<void*>(clear)},
                       {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
                       {Py_tp_methods, methods},
                       {0, nullptr}};

}  // namespace

Ref<ThreadSafeHandle> new_threadsafe_handle(LoopData& data, PyObject* callback, Ref<> args,
                                            PyObject* context) noexcept {
  PyTypeObject* type = data.state.threadsafe_handle_type.get();
  Ref<ThreadSafeHandle> handle =
      py::steal(reinterpret_cast<ThreadSafeHandle*>(type->tp_alloc(type, 0)));
  if (!handle) return py::raised;
  ::new (static_cast<Runnable*>(handle.get())) Runnable(kKind);
  ThreadSafeHandle& made = *handle.get();
  if (fill_handle(made, made, data, callback, std::move(args), context) < 0) return py::raised;
  return handle;
}

Ref<PyTypeObject> new_threadsafe_handle_type(State& state, PyObject* module) noexcept {
  Ref<> stock = from_asyncio("asyncio.events", "_ThreadSafeHandle");
  if (!stock) return py::raised;
  Ref<> base = class_with_slots(stock, state.base_handle.get(), {{"_lock", kLockAt}},
                                sizeof(ThreadSafeHandleSlots));
  if (!base) return py::raised;
  PyType_Spec spec = {"phaseloop._native._ThreadSafeHandle", sizeof(ThreadSafeHandle), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                      slots};
  return py::steal(
      reinterpret_cast<PyTypeObject*>(PyType_FromModuleAndSpec(module, &spec, base.get())));
}

}  // namespace phaseloop
