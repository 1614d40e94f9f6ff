#include "bindings/core/foreign_handle.h"

#include <new>

#include "bindings/core/current_task.h"
#include "bindings/core/handle.h"
#include "bindings/core/work.h"
#include "bindings/py/call.h"
#include "bindings/py/gc.h"

namespace phaseloop {
namespace {

struct ForeignHandleRefs {
  PyObject_HEAD
  Ref<> handle, loop;

  auto refs() { return std::tie(handle, loop); }
};
struct ForeignHandle : ForeignHandleRefs, Runnable {};

ForeignHandle& of(Runnable& work) noexcept { return static_cast<ForeignHandle&>(work); }
PyObject* object_of(ForeignHandle& self) noexcept { return reinterpret_cast<PyObject*>(&self); }

// 0, or -1 with what asyncio's loop would let out of its iteration.
int run_unless_cancelled(State& state, PyObject* handle) noexcept {
  Ref<> cancelled = py::attribute(handle, state.names._cancelled.get());
  const int truth = py::truth(cancelled);
  if (truth != 0) return truth < 0 ? -1 : 0;
  return py::call_method(handle, state.names._run.get()) ? 0 : -1;
}

void run(Runnable& work) noexcept {
  Ref<> self = py::steal(object_of(of(work)));
  if (!of(work).loop) return;  // the garbage collector has taken it apart
  LoopData& data = *reinterpret_cast<Loop*>(of(work).loop.get())->data;
  leave_standing_task(data);
  if (run_unless_cancelled(data.state, of(work).handle.get()) < 0) data.escape(py::fetch_error());
}
void drop(Runnable& work) noexcept { Ref<> share = py::steal(object_of(of(work))); }
PyObject* owner(Runnable& work) noexcept { return object_of(of(work)); }
Ref<> describe(Runnable& work) noexcept { return of(work).handle.share(); }
constexpr WorkKind kKind{{run, drop}, owner, nullptr, nullptr, describe};

using Slots = py::Gc<ForeignHandleRefs>;
PyType_Slot slots[] = {{Py_tp_traverse, reinterpret_cast<void*>(Slots::traverse)},
                       {Py_tp_clear, reinterpret_cast<void*>(Slots::clear)},
                       {Py_tp_dealloc, reinterpret_cast<void*>(Slots::dealloc)},
                       {0, nullptr}};
PyType_Spec spec = {"phaseloop._native._ForeignHandle", sizeof(ForeignHandle), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                    slots};

}  // namespace

int schedule_handle(LoopData& data, PyObject* handle) noexcept {
  PyTypeObject* type = data.state.foreign_handle_type.get();
  Ref<ForeignHandle> work = py::steal(reinterpret_cast<ForeignHandle*>(type->tp_alloc(type, 0)));
  if (!work) return py::raised;
  ::new (static_cast<Runnable*>(work.get())) Runnable(kKind);
  work->handle = py::borrow(handle);
  work->loop = py::borrow(data.object);
  ForeignHandle& scheduled = *work.get();
  py::acquire(&scheduled);
  data.events->call_soon(scheduled);
  return 0;
}

Ref<PyTypeObject> new_foreign_handle_type(PyObject* module) noexcept {
  return py::steal(
      reinterpret_cast<PyTypeObject*>(PyType_FromModuleAndSpec(module, &spec, nullptr)));
}

}  // namespace phaseloop
