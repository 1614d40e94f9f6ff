#include "bindings/core/work.h"

#include "bindings/core/handle.h"
#include "bindings/py/call.h"
#include "bindings/py/dealloc.h"
#include "bindings/py/gc.h"
#include "bindings/py/method.h"

namespace phaseloop {
namespace {

// The callable that a foreign loop is given: runs its work once.
struct WorkCall {
  PyObject_HEAD
  Runnable* work;  // null once run
  // Kept after the run: a loop drops this callable outside of the work's context, and only there
  // may a task go, whose exception handler is to be called in that context.
  Ref<> owner;
  Ref<State> state;
};

WorkCall* work_call(PyObject* self) noexcept { return reinterpret_cast<WorkCall*>(self); }

PyObject* call(PyObject* self, PyObject*, PyObject*) noexcept {
  Runnable* work = std::exchange(work_call(self)->work, nullptr);
  if (work == nullptr) return py::none().release();
  Ref<State> state = work_call(self)->state.share();
  LoopData& foreign = *state->foreign_loop;
  work_call(self)->owner = py::borrow(work_kind(*work).owner(*work));
  const WorkKind& kind = work_kind(*work);
  kind.run_entered != nullptr ? kind.run_entered(*work) : work->run();
  if (foreign.escaped) {
    py::restore_error(std::exchange(foreign.escaped, nullptr));
    return nullptr;
  }
  return py::none().release();
}

int traverse(PyObject* self, visitproc visit, void* arg) noexcept {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(work_call(self)->owner.get());
  Py_VISIT(work_call(self)->state.obj());
  Runnable* work = work_call(self)->work;
  return work != nullptr ? visit_share(*work, visit, arg) : 0;
}

int clear(PyObject* self) noexcept {
  if (Runnable* work = std::exchange(work_call(self)->work, nullptr)) work->drop();
  work_call(self)->owner = nullptr;
  return 0;
}

void dealloc(PyObject* self) noexcept {
  py::DeallocScope scope(self, dealloc);
  if (scope.postponed()) return;
  PyObject_GC_UnTrack(self);
  clear(self);
  work_call(self)->state = nullptr;
  py::free_object(self);
}

// asyncio looks for the task behind a step there, to name it in "Executing … took … seconds".
Ref<> get_self(PyObject* self) noexcept {
  Runnable* work = work_call(self)->work;
  return py::or_none(work != nullptr ? work_kind(*work).owner(*work)
                                     : work_call(self)->owner.get());
}

PyGetSetDef getset[] = {py::getter<get_self>("__self__"), {}};
PyType_Slot slots[] = {{Py_tp_call, reinterpret_cast<void*>(call)},
                       {Py_tp_traverse, reinterpret_cast<void*>(traverse)},
                       {Py_tp_clear, reinterpret_cast<void*>(clear)},
                       {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
                       {Py_tp_getset, getset},
                       {0, nullptr}};
PyType_Spec spec = {"phaseloop._native.TaskStepMethWrapper", sizeof(WorkCall), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                    slots};

Ref<> failure_message(State& state, PyObject* callback, PyObject* args) noexcept {
  Ref<> source = py::call(state.format_callback_source.get(), callback, args);
  if (!source) return py::raised;
  return py::steal(PyUnicode_FromFormat("Exception in callback %S", source.get()));
}

}  // namespace

Ref<PyTypeObject> new_work_call_type(PyObject* module) noexcept {
  return py::steal(
      reinterpret_cast<PyTypeObject*>(PyType_FromModuleAndSpec(module, &spec, nullptr)));
}

int check_closed(const LoopData& data) noexcept {
  if (!data.closed) return 0;
  return py::raise(PyExc_RuntimeError, "Event loop is closed");
}

int check_thread(const LoopData& data) noexcept {
  if (!data.debug) return 0;
  return py::call_method(data.object, data.state.names._check_thread.get()) ? 0 : -1;
}

// Through the loop's Python methods; work that has no way there stays in the native queue.
[[gnu::cold]] int schedule_indirectly(LoopData& data, PyObject* loop, Runnable& work) noexcept {
  if (auto* call_foreign = work_kind(work).call_foreign) return call_foreign(work, loop);
  data.events->call_soon(work);
  return serve_later(data);
}

int schedule(LoopData& data, PyObject* loop, Runnable& work) noexcept {
  if (!data.native()) [[unlikely]]
    return schedule_indirectly(data, loop, work);
  if (data.closed || data.debug) [[unlikely]] {
    // A subclass's check may close the loop.
    if (check_closed(data) < 0 || check_thread(data) < 0 || check_closed(data) < 0) {
      py::ErrorScope keep;
      work.drop();
      return -1;
    }
  }
  data.events->call_soon(work);
  return 0;
}

int call_soon_foreign(State& state, PyObject* loop, Runnable& work, PyObject* context) noexcept {
  PyTypeObject* type = state.work_call_type.get();
  Ref<WorkCall> callable = py::steal(reinterpret_cast<WorkCall*>(type->tp_alloc(type, 0)));
  if (!callable) {
    work.drop();
    return -1;
  }
  callable->work = &work;
  callable->state = py::borrow(&state);
  return call_soon_python(state, loop, callable.obj(), state.empty_tuple.share(), context);
}

int call_soon_python(State& state, PyObject* loop, PyObject* callback, Ref<> args,
                     PyObject* context) noexcept {
  if (!args) return -1;
  HandOver& taking = *state.hand_over;
  if (taking.data != nullptr && taking.data->object == loop) {
    Ref<Handle> handle = new_handle(*taking.data, callback, std::move(args), context);
    return handle ? PyList_Append(taking.handles, handle.obj()) : -1;
  }
  PyObject* tuple = args.get();
  if (PyTuple_GET_SIZE(tuple) == 0) {
    return py::call_method_kw(loop, state.names.call_soon.get(), state.context_keyword.get(),
                              callback, context)
               ? 0
               : -1;
  }
  return py::call_method_kw(loop, state.names.call_soon.get(), state.context_keyword.get(),
                            callback, PyTuple_GET_ITEM(tuple, 0), context)
             ? 0
             : -1;
}

int serve_later(LoopData& data) noexcept {
  if (!data.stock || data.serves_later) return 0;
  Ref<> serve = py::attribute(data.object, data.state.names._serve_native.get());
  if (!serve) return -1;
  data.serves_later = true;
  if (py::call_method(data.object, data.state.names._call_stock_soon.get(), serve.get())) return 0;
  data.serves_later = false;
  return -1;
}

Ref<> shown_callbacks(State& state, const WorkKind& kind, PyObject* owner) noexcept {
  return shown_callbacks(state, kind.stands_for, owner);
}

Ref<> shown_callbacks(State& state, const char* stands_for, PyObject* owner) noexcept {
  if (!state.shown_callbacks) return py::raise(PyExc_SystemError, "phaseloop is not initialised");
  Ref<> paths = py::steal(PyUnicode_FromString(stands_for));
  if (!paths) return py::raised;
  Ref<> shown = py::call(state.shown_callbacks.get(), paths.get(), owner);
  if (!shown || (PyTuple_CheckExact(shown.get()) && PyTuple_GET_SIZE(shown.get()) > 0))
    return shown;
  return py::raise(PyExc_TypeError, "a tuple of callbacks is expected, got %R", shown.get());
}

void callback_failed(LoopData& data, PyObject* loop, PyObject* callback, PyObject* args,
                     PyObject* handle, Ref<> exception) noexcept {
  State& state = data.state;
  if (data.object == nullptr || py::ends_the_run(exception.get())) {
    data.escape(std::move(exception));
    return;
  }
  Ref<> message = failure_message(state, callback, args);
  if (!message) {
    py::write_unraisable(callback);
    message = py::steal(PyUnicode_FromString("Exception in callback"));
    if (!message) return py::write_unraisable(callback);
  }
  Ref<> traceback = py::steal(PyObject_GetAttr(handle, state.names._source_traceback.get()));
  if (!traceback) return py::write_unraisable(handle);
  py::HandlingScope handling(exception.get());
  report(state, loop,
         {message.get(), exception.get(), state.names.handle.get(), handle,
          traceback.get() == Py_None ? nullptr : traceback.get()});
}

void report(State& state, PyObject* loop, const Report& report) noexcept {
  Ref<> context = py::steal(PyDict_New());
  if (!context) return py::write_unraisable(loop);
  const State::Names& names = state.names;
  const std::pair<PyObject*, PyObject*> items[] = {
      {names.message.get(), report.message},
      {names.exception.get(), report.exception},
      {report.subject_key, report.subject},
      {names.source_traceback.get(), report.source_traceback}};
  for (auto [key, value] : items) {
    if (value != nullptr && PyDict_SetItem(context.get(), key, value) < 0) {
      return py::write_unraisable(loop);
    }
  }
  Ref<> done = py::call_method(loop, names.call_exception_handler.get(), context.get());
  if (done) return;
  Ref<> exception = py::fetch_error();
  LoopData& data = loop_data(state, loop);
  if (data.running() && py::ends_the_run(exception.get())) return data.escape(std::move(exception));
  py::restore_error(std::move(exception));
  py::write_unraisable(loop);
}

int visit_share(Runnable& work, visitproc visit, void* arg) noexcept {
  const WorkKind& kind = work_kind(work);
  if (kind.visit != nullptr) return kind.visit(work, visit, arg);
  PyObject* owner = kind.owner(work);
  return owner != nullptr ? visit(owner, arg) : 0;
}

int visit_scheduled(EventLoop& events, visitproc visit, void* arg) noexcept {
  int result = 0;
  events.for_each_scheduled([&](Runnable& work) {
    if (result == 0) result = visit_share(work, visit, arg);
  });
  return result;
}

}  // namespace phaseloop
