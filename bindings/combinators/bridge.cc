#include "bindings/combinators/bridge.h"

#include <structmember.h>

#include <new>

#include "bindings/combinators/children.h"
#include "bindings/core/current_task.h"
#include "bindings/objects/done_callback.h"
#include "bindings/objects/task.h"
#include "bindings/py/call.h"
#include "bindings/py/dealloc.h"
#include "bindings/py/gc.h"
#include "bindings/py/method.h"

namespace phaseloop {
namespace {

using py::Args;

// Between one future of either kind: a callable that the concurrent one calls when it is done, and
// a waiter of the loop's own. What is copied, and how, stays asyncio's.
struct Bridge {
  PyObject_HEAD
  vectorcallfunc on_concurrent_done;
  Ref<State> state;
  Ref<> concurrent;
  Ref<> loop;
  Ref<> future;     // once there is one
  Ref<> coroutine;  // until then
  Child* waiter;    // in `memory`

  auto refs() { return std::tie(concurrent, loop, future, coroutine); }
};
struct BridgeObject : Bridge {
  alignas(Child) unsigned char memory[sizeof(Child)];
};

Bridge& bridge_of(PyObject* self) noexcept { return *reinterpret_cast<Bridge*>(self); }

bool in_loop_thread(Bridge& bridge) noexcept {
  if (bridge.state->chain_looks_at_running_loop.get() != Py_True) return false;
  Ref<> running = py::call(bridge.state->get_running_loop.get());
  if (!running) py::consume_error(PyExc_Exception);
  return running.get() == bridge.loop.get();
}

// --- from other threads to the loop -----------------------------------------------------------

// The concurrent future is done, in whatever thread: called with it. Posts itself to the loop,
// where it is called with both futures, as asyncio's function there.
PyObject* copy_to_future(PyObject* self, PyObject* const* args, std::size_t count,
                         PyObject*) noexcept {
  Bridge& bridge = bridge_of(self);
  PyObject* copy = bridge.state->copy_future_state.get();
  const Py_ssize_t given = PyVectorcall_NARGS(count);
  if (given == 2) return py::call(copy, args[1], args[0]).release();
  if (given != 1 || !bridge.future) {
    return py::raise(PyExc_TypeError, "expected the future that is done");
  }
  const bool closed = loop_data(*bridge.state, bridge.loop.get()).closed;
  if (closed && future_data(bridge.future.get()).state.cancelled()) return py::none().release();
  if (in_loop_thread(bridge)) return py::call(copy, args[0], bridge.future.get()).release();
  if (closed) return py::none().release();
  Ref<> done = py::call_method(bridge.loop.get(), bridge.state->names.call_soon_threadsafe.get(),
                               self, bridge.future.get(), args[0]);
  return done ? py::none().release() : nullptr;
}

// The loop's future is done: if it was cancelled, the other is not needed.
void cancel_concurrent(Runnable& work) noexcept {
  Ref<> self = py::steal(child_of(work).parent);
  Bridge& bridge = bridge_of(self.get());
  if (!bridge.future) return;
  FutureData& future = future_data(bridge.future.get());
  leave_standing_task(*future.data);
  if (!future.state.cancelled()) return;
  Ref<> concurrent = bridge.concurrent.share();
  if (!py::call_method(concurrent.get(), bridge.state->names.cancel.get())) {
    future_stand_in_failed(future, work);
  }
}

// --- from the loop to other threads -----------------------------------------------------------

void copy_to_concurrent(Runnable& work) noexcept {
  Ref<> self = py::steal(child_of(work).parent);
  Bridge& bridge = bridge_of(self.get());
  if (!bridge.future) return;
  Ref<> future = bridge.future.share();
  Ref<> concurrent = bridge.concurrent.share();
  leave_standing_task(*future_data(future.get()).data);
  if (!py::call(bridge.state->set_concurrent_state.get(), concurrent.get(), future.get())) {
    future_stand_in_failed(future_data(future.get()), work);
  }
}

// The concurrent future is done: if it was cancelled, so is the task.
Ref<> cancel_task_of(Bridge& bridge) noexcept {
  const State::Names& names = bridge.state->names;
  const int cancelled = py::truth(py::call_method(bridge.concurrent.get(), names.cancelled.get()));
  if (cancelled <= 0) return cancelled < 0 ? nullptr : py::none();
  Ref<> future = bridge.future.share();
  if (in_loop_thread(bridge)) return py::call_method(future.get(), names.cancel.get());
  Ref<> cancel = py::attribute(future.get(), names.cancel.get());
  if (!cancel) return py::raised;
  return py::call_method(bridge.loop.get(), names.call_soon_threadsafe.get(), cancel.get());
}

constexpr WorkKind kCancelsConcurrent =
    child_kind(cancel_concurrent, "_chain_future._call_check_cancel");
constexpr WorkKind kCopiesToConcurrent =
    child_kind(copy_to_concurrent, "_chain_future._call_set_state");

int wait_for_future(Bridge& bridge, const WorkKind& kind) noexcept {
  PyObject* self = reinterpret_cast<PyObject*>(&bridge);
  auto& object = static_cast<BridgeObject&>(bridge);
  bridge.waiter = ::new (object.memory) Child(kind, self, bridge.future.get());
  py::acquire(self);
  return add_waiter(future_data(bridge.future.get()), *bridge.waiter);
}

int add_to_concurrent(Bridge& bridge) noexcept {
  PyObject* self = reinterpret_cast<PyObject*>(&bridge);
  return py::call_method(bridge.concurrent.get(), bridge.state->names.add_done_callback.get(), self)
             ? 0
             : -1;
}

// In the loop's thread: the task is made and chained.
int start_task(Bridge& bridge) noexcept {
  Ref<> coroutine = std::move(bridge.coroutine);
  PyObject* stack[] = {coroutine.get(), bridge.loop.get()};
  Ref<> names = py::steal(PyTuple_Pack(1, bridge.state->names.loop.get()));
  Ref<> task = names ? py::steal(PyObject_Vectorcall(bridge.state->stock_ensure_future.get(), stack,
                                                     1, names.get()))
                     : nullptr;
  if (!task) return -1;
  if (!is_native_future(*bridge.state, Py_TYPE(task.get()))) {  // a task factory's own
    return py::call(bridge.state->chain_future.get(), task.get(), bridge.concurrent.get()) ? 0 : -1;
  }
  bridge.future = std::move(task);
  return add_to_concurrent(bridge) < 0 ? -1 : wait_for_future(bridge, kCopiesToConcurrent);
}

// What could not be started fails the concurrent future, and then whoever called.
void fail_concurrent(Bridge& bridge) noexcept {
  Ref<> error = py::fetch_error();
  if (!py::ends_the_run(error.get())) {
    PyObject* concurrent = bridge.concurrent.get();
    Ref<> done =
        py::steal(PyObject_CallMethod(concurrent, "set_running_or_notify_cancel", nullptr));
    if (done.get() == Py_True) {
      done = py::steal(PyObject_CallMethod(concurrent, "set_exception", "O", error.get()));
    }
    if (!done) return;
  }
  py::restore_error(std::move(error));
}

PyObject* start_or_cancel(PyObject* self, PyObject* const*, std::size_t count, PyObject*) noexcept {
  Bridge& bridge = bridge_of(self);
  if (bridge.future && PyVectorcall_NARGS(count) == 1) return cancel_task_of(bridge).release();
  if (!bridge.coroutine) return py::none().release();
  if (start_task(bridge) == 0) return py::none().release();
  fail_concurrent(bridge);
  return nullptr;
}

// --- the functions ----------------------------------------------------------------------------

Ref<> new_bridge(State& state, PyObject* loop, Ref<> concurrent, vectorcallfunc call) noexcept {
  PyTypeObject* type = state.bridge_type.get();
  Ref<> made = py::steal(type->tp_alloc(type, 0));
  if (!made || !concurrent) return py::raised;
  Bridge& bridge = bridge_of(made.get());
  bridge.on_concurrent_done = call;
  bridge.state = py::borrow(&state);
  bridge.loop = py::borrow(loop);
  bridge.concurrent = std::move(concurrent);
  return made;
}

// The one given by name, or that which is running. Empty without an error: something else is given.
Ref<> loop_for(State& state, Args args) noexcept {
  if (args.keyword_count() == 0) return py::call(state.get_running_loop.get());
  if (args.keyword_count() > 1 ||
      PyUnicode_Compare(args.keyword_name(0), state.names.loop.get()) != 0) {
    return nullptr;
  }
  return py::borrow(args.keyword_value(0));
}

Ref<> call_wrap_future(State& state, Args args) noexcept {
  if (args.count() != 1) return nullptr;
  Ref<> loop = loop_for(state, args);
  if (!loop) return nullptr;
  if (is_native_future(state, Py_TYPE(args[0]))) return py::borrow(args[0]);
  if (py::object(Py_TYPE(args[0])) != state.concurrent_future.get()) return nullptr;
  LoopData& data = loop_data(state, loop.get());
  if (!data.native() || data.debug || data.overrides_create_future) return nullptr;
  Ref<> made = new_bridge(state, loop.get(), py::borrow(args[0]), copy_to_future);
  if (!made) return py::raised;
  Bridge& bridge = bridge_of(made.get());
  Ref<> future = new_future(data, loop.get());
  if (!future) return py::raised;
  bridge.future = future.share();
  if (wait_for_future(bridge, kCancelsConcurrent) < 0) return py::raised;
  return add_to_concurrent(bridge) < 0 ? nullptr : std::move(future);
}

Ref<> call_run_coroutine_threadsafe(State& state, Args args) noexcept {
  if (args.count() != 2 || args.keyword_count() != 0) return nullptr;
  if (!loop_data(state, args[1]).native()) return nullptr;
  const int coroutine = is_coroutine(state, args[0]);
  if (coroutine <= 0) return nullptr;  // the stock function says why
  Ref<> made = new_bridge(state, args[1], py::call(state.concurrent_future.get()), start_or_cancel);
  if (!made) return py::raised;
  Bridge& bridge = bridge_of(made.get());
  bridge.coroutine = py::borrow(args[0]);
  Ref<> concurrent = bridge.concurrent.share();
  if (!py::call_method(args[1], state.names.call_soon_threadsafe.get(), made.get())) {
    return py::raised;
  }
  return concurrent;
}

// --- what messages call it ----------------------------------------------------------------------

Ref<> get_wrapped(PyObject* self) noexcept {
  Bridge& bridge = bridge_of(self);
  Ref<> path = py::steal(PyUnicode_FromString(bridge.on_concurrent_done == copy_to_future
                                                  ? "_chain_future._set_state"
                                                  : "run_coroutine_threadsafe.callback"));
  Ref<> shown = path ? py::call(bridge.state->shown_callbacks.get(), path.get(), self) : nullptr;
  return shown ? py::borrow(PyTuple_GET_ITEM(shown.get(), 0)) : nullptr;
}
Ref<> get_qualname(PyObject* self) noexcept {
  Ref<> wrapped = get_wrapped(self);
  return wrapped ? py::attribute(wrapped.get(), bridge_of(self).state->names.__qualname__.get())
                 : nullptr;
}

// --- life cycle -------------------------------------------------------------------------------

int traverse(PyObject* self, visitproc visit, void* arg) noexcept {
  Py_VISIT(bridge_of(self).state.obj());
  return py::Gc<Bridge>::traverse(self, visit, arg);
}

void dealloc(PyObject* self) noexcept {
  py::DeallocScope scope(self, dealloc);
  if (scope.postponed()) return;
  PyObject_GC_UnTrack(self);
  py::clear_refs(bridge_of(self));
  bridge_of(self).state = nullptr;
  py::free_object(self);
}

PyGetSetDef attributes[] = {
    py::getter<get_wrapped>("__wrapped__"), py::getter<get_qualname>("__qualname__"), {}};
PyMemberDef members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(Bridge, on_concurrent_done), READONLY, nullptr},
    {}};
PyType_Slot slots[] = {{Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
                       {Py_tp_traverse, reinterpret_cast<void*>(traverse)},
                       {Py_tp_clear, reinterpret_cast<void*>(py::Gc<Bridge>::clear)},
                       {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
                       {Py_tp_members, members},
                       {Py_tp_getset, attributes},
                       {0, nullptr}};
PyType_Spec spec = {"phaseloop._native._Bridge", sizeof(BridgeObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL |
                        Py_TPFLAGS_DISALLOW_INSTANTIATION,
                    slots};

constexpr Implementation kFunctions[] = {
    {"run_coroutine_threadsafe", call_run_coroutine_threadsafe}, {"wrap_future", call_wrap_future}};

}  // namespace

std::span<const Implementation> bridge_functions() noexcept { return kFunctions; }

Ref<PyTypeObject> new_bridge_type(PyObject* module) noexcept {
  return py::steal(
      reinterpret_cast<PyTypeObject*>(PyType_FromModuleAndSpec(module, &spec, nullptr)));
}

}  // namespace phaseloop
