#include "bindings/core/timer_call.h"

#include "bindings/core/work.h"
#include "bindings/py/gc.h"
#include "bindings/py/method.h"

namespace phaseloop {
namespace {

struct TimerCall {
  PyObject_HEAD
  Ref<> loop;
  Ref<> owner;  // the timer is embedded in it
  Timer* timer;
  std::uint32_t arming;
  auto refs() { return std::tie(loop, owner); }
};

TimerCall& call_of(PyObject* self) noexcept { return *reinterpret_cast<TimerCall*>(self); }

// The loop's data if the timer is armed as it was; its share is the caller's then.
LoopData* take_timer(TimerCall& call) noexcept {
  if (!call.loop || !call.timer->armed() || call.timer->arming() != call.arming) return nullptr;
  LoopData& data = *reinterpret_cast<Loop*>(call.loop.get())->data;
  data.events->disarm(*call.timer);
  return &data;
}

PyObject* call(PyObject* self, PyObject*, PyObject*) noexcept {
  TimerCall& call = call_of(self);
  Ref<> keep = call.owner.share();
  LoopData* data = take_timer(call);
  if (data == nullptr) return py::none().release();
  LoopData& foreign = *data->state.foreign_loop;
  call.timer->run();
  if (!foreign.escaped) return py::none().release();
  py::restore_error(std::exchange(foreign.escaped, nullptr));
  return nullptr;
}

Ref<> get_self(PyObject* self) noexcept { return py::or_none(call_of(self).owner.get()); }

PyGetSetDef getset[] = {py::getter<get_self>("__self__"), {}};
PyType_Slot slots[] = {{Py_tp_call, reinterpret_cast<void*>(call)},
                       {Py_tp_traverse, reinterpret_cast<void*>(py::Gc<TimerCall>::traverse)},
                       {Py_tp_clear, reinterpret_cast<void*>(py::Gc<TimerCall>::clear)},
                       {Py_tp_dealloc, reinterpret_cast<void*>(py::Gc<TimerCall>::dealloc)},
                       {Py_tp_getset, getset},
                       {0, nullptr}};
PyType_Spec spec = {"phaseloop._native._TimerCall", sizeof(TimerCall), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                    slots};

}  // namespace

Ref<> new_timer_call(LoopData& data, PyObject* owner, Timer& timer) noexcept {
  PyTypeObject* type = data.state.timer_call_type.get();
  Ref<TimerCall> made = py::steal(reinterpret_cast<TimerCall*>(type->tp_alloc(type, 0)));
  if (!made) return py::raised;
  made->loop = py::borrow(data.object);
  made->owner = py::borrow(owner);
  made->timer = &timer;
  made->arming = timer.arming();
  return made;
}

void cancel_timer_call(State& state, PyObject* callback) noexcept {
  if (!Py_IS_TYPE(callback, state.timer_call_type.get())) return;
  Ref<> keep = py::borrow(callback);
  TimerCall& call = call_of(callback);
  if (take_timer(call) != nullptr) call.timer->drop();
}

Ref<PyTypeObject> new_timer_call_type(PyObject* module) noexcept {
  return py::steal(
      reinterpret_cast<PyTypeObject*>(PyType_FromModuleAndSpec(module, &spec, nullptr)));
}

}  // namespace phaseloop
