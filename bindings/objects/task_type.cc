// The Python type Task: methods, attributes, life cycle.
#include <new>

#include "bindings/core/work.h"
#include "bindings/objects/base_task.h"
#include "bindings/objects/task.h"
#include "bindings/objects/type_layout.h"
#include "bindings/py/call.h"
#include "bindings/py/dealloc.h"
#include "bindings/py/gc.h"
#include "bindings/py/method.h"
#include "bindings/py/version.h"

namespace phaseloop {
namespace {

using py::Args;

[[gnu::cold]] py::Raised not_initialized() noexcept {
  return py::raise(PyExc_RuntimeError, "Task object is not initialized.");
}

Ref<> cancel(PyObject* self, Args args) noexcept {
  PyObject* message = nullptr;
  if (py::bind({"cancel", 1, 0}, args, {{"msg", &message}}) < 0) return py::raised;
  TaskData& task = task_data(self);
  if (task.data == nullptr) return not_initialized();
  const int requested = cancel_task(task, message != nullptr ? message : Py_None);
  if (requested < 0) return py::raised;
  return py::boolean(requested != 0);
}

Ref<> cancelling(PyObject* self) noexcept {
  return py::steal(PyLong_FromLong(task_data(self).cancel.requests()));
}

Ref<> uncancel(PyObject* self) noexcept {
  return py::steal(PyLong_FromLong(task_data(self).cancel.retract(version::kUncancelForgives)));
}

Ref<> set_result(PyObject*, PyObject*) noexcept {
  return py::raise(PyExc_RuntimeError, "Task does not support set_result operation");
}
Ref<> set_exception(PyObject*, PyObject*) noexcept {
  return py::raise(PyExc_RuntimeError, "Task does not support set_exception operation");
}

Ref<> get_coro(PyObject* self) noexcept { return py::or_none(task_data(self).coroutine.get()); }
Ref<> get_context(PyObject* self) noexcept { return py::or_none(task_data(self).context.get()); }

Ref<> get_name(PyObject* self) noexcept {
  TaskData& task = task_data(self);
  if (!task.name) {
    if (task.number == 0) return py::none();
    task.name =
        py::steal(PyUnicode_FromFormat("Task-%llu", static_cast<unsigned long long>(task.number)));
    if (!task.name) return py::raised;
    show_name_in_base(task);
  }
  return task.name.share();
}

Ref<> set_name(PyObject* self, PyObject* value) noexcept {
  Ref<> name = PyUnicode_CheckExact(value) ? py::borrow(value) : py::steal(PyObject_Str(value));
  if (!name) return py::raised;
  task_data(self).name = std::move(name);
  show_name_in_base(task_data(self));
  return py::none();
}

Ref<> get_stack(PyObject* self, Args args) noexcept {
  PyObject* limit = Py_None;
  if (py::bind({"get_stack", 0, 0}, args, {{"limit", &limit}}) < 0) return py::raised;
  State* state = state_of_type(Py_TYPE(self));
  if (state == nullptr) return py::raised;
  return py::call(state->task_get_stack.get(), self, limit);
}

Ref<> print_stack(PyObject* self, Args args) noexcept {
  PyObject *limit = Py_None, *file = Py_None;
  if (py::bind({"print_stack", 0, 0}, args, {{"limit", &limit}, {"file", &file}}) < 0) {
    return py::raised;
  }
  State* state = state_of_type(Py_TYPE(self));
  if (state == nullptr) return py::raised;
  return py::call(state->task_print_stack.get(), self, limit, file);
}

Ref<> get_log_destroy(PyObject* self) noexcept {
  return py::boolean(task_data(self).log_destroy_pending);
}
int set_log_destroy(PyObject* self, PyObject* value) noexcept {
  if (value == nullptr) return py::raise(PyExc_AttributeError, "cannot delete attribute");
  const int log = PyObject_IsTrue(value);
  if (log < 0) return -1;
  task_data(self).log_destroy_pending = log != 0;
  return 0;
}
Ref<> get_must_cancel(PyObject* self) noexcept {
  return py::boolean(task_data(self).cancel.must_cancel());
}
Ref<> get_fut_waiter(PyObject* self) noexcept {
  TaskData& task = task_data(self);
  PyObject* awaited = task.awaited.get();
  if (awaited == nullptr || task.data == nullptr ||
      !is_operation(task.data->state, Py_TYPE(awaited))) {
    return py::or_none(awaited);
  }
  return future_in_place(operation(awaited), task);
}

// --- life cycle -----------------------------------------------------------------------------

PyObject* create(PyTypeObject* type, PyObject*, PyObject*) noexcept {
  PyObject* self = type->tp_alloc(type, 0);
  if (self != nullptr) ::new (static_cast<void*>(&future_data(self))) TaskData;
  return self;
}

int init(PyObject* self, PyObject* args, PyObject* keywords) noexcept {
  PyObject *coroutine = nullptr, *loop = nullptr, *eager = nullptr;
  TaskOptions options;
  int bound;
  if constexpr (version::kEagerTasks) {
    bound = py::bind({"Task", 1, 1}, args, keywords,
                     {{"coro", &coroutine},
                      {"loop", &loop},
                      {"name", &options.name},
                      {"context", &options.context},
                      {"eager_start", &eager}});
  } else {
    bound = py::bind({"Task", 1, 1}, args, keywords,
                     {{"coro", &coroutine},
                      {"loop", &loop},
                      {"name", &options.name},
                      {"context", &options.context}});
  }
  if (bound < 0) return -1;
  if (eager != nullptr) {
    const int truth = PyObject_IsTrue(eager);
    if (truth < 0) return -1;
    options.eager_start = truth != 0;
  }
  return init_task(self, coroutine, loop, options);
}

PyObject* repr(PyObject* self) noexcept {
  State* state = state_of_type(Py_TYPE(self));
  if (state == nullptr || py::check_stack() < 0) return nullptr;
  return py::call(state->task_repr.get(), self).release();
}

int traverse(PyObject* self, visitproc visit, void* arg) noexcept {
#if PY_VERSION_HEX < 0x030c0000
  Py_VISIT(Py_TYPE(self));  // a static base does not
#endif
  TaskData& task = task_data(self);
  for (const Ref<>* ref :
       {&task.coroutine, &task.name, &task.context, &task.awaited, &task.throw_next}) {
    Py_VISIT(ref->get());
  }
  if (int result = future_slots::traverse_data(task, visit, arg)) return result;
  if (task.awaited && task.data != nullptr &&
      is_operation(task.data->state, Py_TYPE(task.awaited.get()))) {
    if (int result = visit_orphan(operation(task.awaited.get()), visit, arg)) return result;
  }
  return task_base.traverse(self, visit, arg);
}

void clear_data(TaskData& task) noexcept {
  forget_task(task);
  future_slots::clear_data(task);
  for (Ref<>* ref : {&task.awaited, &task.throw_next, &task.coroutine, &task.context}) {
    *ref = nullptr;
  }
}

int clear(PyObject* self) noexcept {
  clear_data(task_data(self));
  return task_base.clear(self);
}

// "Task was destroyed but it is pending!", then what every future has to say.
void finalize(PyObject* self) noexcept {
  TaskData& task = task_data(self);
  // Whatever the report keeps alive, all_tasks() no longer lists it: asyncio's weak references are
  // gone at this point too.
  forget_task(task);
  if (task.data != nullptr && task.state.pending() && task.log_destroy_pending) {
    py::ErrorScope keep;
    State& state = task.data->state;
    Ref<> message = py::steal(PyUnicode_FromString("Task was destroyed but it is pending!"));
    if (!message) return py::write_unraisable(self);
    Ref<> loop = task.loop.share();
    report(state, loop.get(),
           {message.get(), nullptr, state.names.task.get(), self, task.source_traceback.get()});
  }
  future_slots::finalize(self);
}

// The list for its memory, or null; a finalizer that ran, or has to, lets it go the long way.
py::FreeList* list_for(PyObject* self) noexcept {
  TaskData& task = task_data(self);
  if (task.data == nullptr || !task.data->native() || task.state.pending() ||
      task.state.exception_unseen) {
    return nullptr;
  }
  State& state = task.data->state;
  if (Py_TYPE(self) != state.task_type.get()) return nullptr;
  return state.tasks.has_room_for(self) ? &state.tasks : nullptr;
}

void dealloc(PyObject* self) noexcept {
  py::DeallocScope scope(self, dealloc);
  if (scope.postponed()) return;
  py::FreeList* list = list_for(self);
  if (list == nullptr && Py_TYPE(self)->tp_dealloc == dealloc &&
      PyObject_CallFinalizerFromDealloc(self) < 0) {
    return;
  }
  PyObject_GC_UnTrack(self);
  TaskData& task = task_data(self);
  Ref<> loop = task.loop.share();  // the list lives as long as a loop
  clear_data(task);
  task.~TaskData();
  list != nullptr ? task_base.recycle(self, *list) : task_base.finish_dealloc(self);
}

PyMethodDef methods[] = {
    py::method<set_result>("set_result", "set_result($self, result, /)\n--\n\n"),
    py::method<set_exception>("set_exception", "set_exception($self, exception, /)\n--\n\n"),
    py::method<cancel>("cancel",
                       "cancel($self, /, msg=None)\n--\n\nRequest that this task cancel "
                       "itself.\n\nThis arranges for a CancelledError to be thrown into the\n"
                       "wrapped coroutine on the next cycle through the event loop."),
    py::method<cancelling>("cancelling",
                           "cancelling($self, /)\n--\n\nReturn the count of the "
                           "task's cancellation requests.\n\nThis count is incremented when "
                           ".cancel() is called\nand may be decremented using .uncancel()."),
    py::method<uncancel>("uncancel",
                         "uncancel($self, /)\n--\n\nDecrement the task's count of "
                         "cancellation requests.\n\nThis should be used by tasks that catch "
                         "CancelledError\nand wish to continue indefinitely until they are "
                         "cancelled again.\n\nReturns the remaining number of cancellation "
                         "requests."),
    py::method<get_coro>("get_coro", "get_coro($self, /)\n--\n\n"),
    py::method<get_name>("get_name", "get_name($self, /)\n--\n\n"),
    py::method<set_name>("set_name", "set_name($self, value, /)\n--\n\n"),
    py::method<get_stack>("get_stack",
                          "get_stack($self, /, *, limit=None)\n--\n\nReturn the list "
                          "of stack frames for this task's coroutine."),
    py::method<print_stack>("print_stack",
                            "print_stack($self, /, *, limit=None, file=None)\n--\n\n"
                            "Print the stack or traceback for this task's coroutine."),
    // The last one is left out where asyncio has it not.
    version::kEagerTasks ? py::method<get_context>("get_context", "get_context($self, /)\n--\n\n")
                         : PyMethodDef{},
    {}};

PyGetSetDef attributes[] = {py::property<get_log_destroy, set_log_destroy>("_log_destroy_pending"),
                            py::getter<get_must_cancel>("_must_cancel"),
                            py::getter<get_coro>("_coro"),
                            py::getter<get_fut_waiter>("_fut_waiter"),
                            {}};

constexpr const char* kDoc =
    version::kEagerTasks
        ? "Task(coro, *, loop=None, name=None, context=None,\n     eager_start=False)\n--\n\n"
          "A coroutine wrapped in a Future."
        : "Task(coro, *, loop=None, name=None, context=None)\n--\n\n"
          "A coroutine wrapped in a Future.";

PyType_Slot slots[] = {{Py_tp_doc, const_cast<char*>(kDoc)},
                       {Py_tp_new, reinterpret_cast<void*>(create)},
                       {Py_tp_init, reinterpret_cast<void*>(init)},
                       {Py_tp_repr, reinterpret_cast<void*>(repr)},
                       {Py_tp_hash, reinterpret_cast<void*>(future_slots::hash)},
                       {Py_tp_traverse, reinterpret_cast<void*>(traverse)},
                       {Py_tp_clear, reinterpret_cast<void*>(clear)},
                       {Py_tp_finalize, reinterpret_cast<void*>(finalize)},
                       {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
                       {Py_tp_iter, reinterpret_cast<void*>(new_future_iter)},
                       {Py_am_await, reinterpret_cast<void*>(new_future_iter)},
                       {Py_tp_methods, methods},
                       {Py_tp_getset, attributes},
                       {0, nullptr}};

}  // namespace

Ref<PyTypeObject> new_task_type(State& state, PyObject* module) noexcept {
  task_base.take(state.base_task);
  PyType_Spec spec = {
      "phaseloop._native.Task", 0, 0,
      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE,
      slots};
  // Our Future first: its methods are to be found before _asyncio.Task's.
  Ref<> bases = py::steal(PyTuple_Pack(2, state.future_type.obj(), state.base_task.get()));
  if (!bases) return py::raised;
  Ref<PyTypeObject> type = derive_type(module, spec, bases.get());
  if (!type) return py::raised;
  future_offset = as_type(state.base_task)->tp_basicsize;
  const auto own = future_offset + static_cast<Py_ssize_t>(sizeof(FutureData));
  extend_type(state.future_type.get(), own);
  extend_type(type.get(), future_offset + static_cast<Py_ssize_t>(sizeof(TaskData)));
  return type;
}

}  // namespace phaseloop
