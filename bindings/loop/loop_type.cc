#include "bindings/loop/loop_type.h"

#include <climits>
#include <new>

#include "bindings/core/descriptor.h"
#include "bindings/core/handle.h"
#include "bindings/core/work.h"
#include "bindings/loop/loop_io.h"
#include "bindings/loop/run.h"
#include "bindings/loop/scheduling.h"
#include "bindings/loop/stock_mode.h"
#include "bindings/objects/type_layout.h"
#include "bindings/py/call.h"
#include "bindings/py/method.h"
#include "bindings/transports/stream.h"

namespace phaseloop {
namespace {

Loop& loop_of(PyObject* self) noexcept { return *reinterpret_cast<Loop*>(self); }
LoopData& data_of(PyObject* self) noexcept { return *loop_of(self).data; }

Ref<> run_once(PyObject* self, py::Args args) noexcept {
  LoopData& data = data_of(self);
  const bool until_stopped = std::exchange(data.runs_until_stopped, false);
  const int native = still_native(data);
  if (native < 0) return py::raised;
  if (native == 0) return call_stock_method(data, data.state.names._run_once.get(), args);
  return until_stopped ? run_until_stopped(loop_of(self)) : run_iteration(loop_of(self));
}
// run_forever() calls _run_once() over and over: the next call may as well return at the end.
Ref<> run_natively(PyObject* self, PyObject* wanted) noexcept {
  const int truth = PyObject_IsTrue(wanted);
  if (truth < 0) return py::raised;
  data_of(self).runs_until_stopped = truth != 0;
  return py::none();
}

// --- state that asyncio's BaseEventLoop reads and writes ----------------------------------------

Ref<> get_closed(PyObject* self) noexcept { return py::boolean(data_of(self).closed); }
int set_closed(PyObject* self, PyObject* value) noexcept {
  const int closed = value != nullptr ? PyObject_IsTrue(value) : 0;
  if (closed < 0) return -1;
  data_of(self).closed = closed != 0;
  return 0;
}

Ref<> get_stopping(PyObject* self) noexcept {
  return py::boolean(data_of(self).events->stopping());
}
int set_stopping(PyObject* self, PyObject* value) noexcept {
  const int stopping = value != nullptr ? PyObject_IsTrue(value) : 0;
  if (stopping < 0) return -1;
  data_of(self).events->set_stopping(stopping != 0);
  return 0;
}

Ref<> get_thread(PyObject* self) noexcept {
  const unsigned long thread = data_of(self).thread;
  return thread == 0 ? py::none() : py::steal(PyLong_FromUnsignedLong(thread));
}
int set_thread(PyObject* self, PyObject* value) noexcept {
  unsigned long thread = 0;
  if (value != nullptr && value != Py_None) {
    thread = PyLong_AsUnsignedLong(value);
    if (PyErr_Occurred() != nullptr) return -1;
  }
  data_of(self).thread = thread;
  return 0;
}

Ref<> get_debug_flag(PyObject* self) noexcept { return py::boolean(data_of(self).debug); }
int set_debug_flag(PyObject* self, PyObject* value) noexcept {
  const int debug = value != nullptr ? PyObject_IsTrue(value) : 0;
  if (debug < 0) return -1;
  data_of(self).debug = debug != 0;
  return 0;
}

Ref<> get_factory(PyObject* self) noexcept { return py::or_none(data_of(self).task_factory.get()); }
int set_factory(PyObject* self, PyObject* value) noexcept {
  data_of(self).task_factory = value == nullptr || value == Py_None ? nullptr : py::borrow(value);
  return 0;
}

Ref<> get_stock(PyObject* self) noexcept { return py::boolean(data_of(self).stock); }
Ref<> get_native(PyObject* self) noexcept { return py::boolean(data_of(self).native()); }

Ref<> is_running(PyObject* self) noexcept { return py::boolean(data_of(self).running()); }
Ref<> is_closed(PyObject* self) noexcept { return py::boolean(data_of(self).closed); }
Ref<> stop(PyObject* self) noexcept {
  data_of(self).events->stop();
  return py::none();
}

// --- descriptors ------------------------------------------------------------------------------

Ref<> watch(PyObject* self, py::Args args, Direction direction) noexcept {
  if (args.count() != 3 || args.keyword_count() != 0) {
    return py::raise(PyExc_TypeError, "a descriptor, its file and a handle are expected");
  }
  const int fd = PyObject_AsFileDescriptor(args[0]);
  if (fd < 0) return py::raised;
  if (!Py_IS_TYPE(args[2], data_of(self).state.handle_type.get())) {
    return py::raise(PyExc_TypeError, "a native handle is expected, got %R", args[2]);
  }
  Ref<Handle> handle = py::borrow(reinterpret_cast<Handle*>(args[2]));
  if (watch_fd(loop_of(self), fd, args[1], direction, std::move(handle)) < 0) return py::raised;
  return py::none();
}
Ref<> watch_reader(PyObject* self, py::Args args) noexcept {
  return watch(self, args, Direction::read);
}
Ref<> watch_writer(PyObject* self, py::Args args) noexcept {
  return watch(self, args, Direction::write);
}

Ref<> unwatch(PyObject* self, PyObject* file, Direction direction) noexcept {
  const int fd = PyObject_AsFileDescriptor(file);
  if (fd < 0) return py::raised;
  const int was = unwatch_fd(loop_of(self), fd, direction);
  if (was < 0) return py::raised;
  return py::boolean(was != 0);
}
Ref<> unwatch_reader(PyObject* self, PyObject* file) noexcept {
  return unwatch(self, file, Direction::read);
}
Ref<> unwatch_writer(PyObject* self, PyObject* file) noexcept {
  return unwatch(self, file, Direction::write);
}

Ref<> watched_descriptor(PyObject* self, PyObject* file) noexcept {
  return py::steal(PyLong_FromLong(watched_as(*loop_of(self).io, file)));
}

// (reader, writer), handles or None.
Ref<> watchers_of(PyObject* self, PyObject* file) noexcept {
  const int fd = PyObject_AsFileDescriptor(file);
  if (fd < 0) return py::raised;
  LoopIo& io = *loop_of(self).io;
  Ref<> reader = py::or_none(py::object(watcher_of(io, fd, Direction::read)));
  Ref<> writer = py::or_none(py::object(watcher_of(io, fd, Direction::write)));
  return py::steal(PyTuple_Pack(2, reader.get(), writer.get()));
}

// What a descriptor belongs to, of the transports that are native; None.
Ref<> transport_of(PyObject* self, PyObject* number) noexcept {
  const Py_ssize_t fd = PyLong_AsSsize_t(number);
  if (fd == -1 && PyErr_Occurred() != nullptr) return py::raised;
  const bool possible = fd >= 0 && fd <= INT_MAX;
  PyObject* transport = possible ? data_of(self).transports.find(static_cast<int>(fd)) : nullptr;
  // Being deallocated: something that its weak references run is what is asking.
  if (transport != nullptr && Py_REFCNT(transport) == 0) transport = nullptr;
  return py::or_none(transport);
}
Ref<> set_transport(PyObject* self, py::Args args) noexcept {
  auto& transports = data_of(self).transports;
  const Py_ssize_t fd = args.count() == 2 ? PyLong_AsSsize_t(args[0]) : -1;
  if (fd == -1 && PyErr_Occurred() != nullptr) return py::raised;
  if (fd < 0 || fd > INT_MAX) {
    return py::raise(PyExc_ValueError, "a transport's descriptor is expected");
  }
  const int number = static_cast<int>(fd);
  if (args[1] == Py_None) return transports.set(number, nullptr), py::none();
  State& state = data_of(self).state;
  if (PyObject_TypeCheck(args[1], state.stream_transport_type.get()) == 0 &&
      PyObject_TypeCheck(args[1], state.datagram_transport_type.get()) == 0) {
    return py::raise(PyExc_TypeError, "a native transport is expected, got %R", args[1]);
  }
  // The list owns none of them: each takes itself out, by the descriptor that it has. One that has
  // been closed meanwhile is in no list any more.
  StreamTransport& stream = stream_of(args[1]);
  if (stream.data != &data_of(self) || stream.fd != number) return py::none();
  if (!transports.reserve(number)) return PyErr_NoMemory(), py::raised;
  transports.set(number, args[1]);
  return py::none();
}

// --- life cycle -----------------------------------------------------------------------------

Ref<> release_io(PyObject* self) noexcept {
  Loop& loop = loop_of(self);
  if (loop.data->runs > 0) {
    return py::raise(PyExc_RuntimeError, "Cannot close a running event loop");
  }
  loop.data->events->drop_all();
  clear_watches(*loop.io);
  forget_descriptors(*loop.data);
  loop.io->poller.close();
  return py::none();
}

Ref<> after_fork(PyObject* self) noexcept {
  if (loop_of(self).data->closed) return py::none();
  return forget_parent(loop_of(self)) < 0 ? nullptr : py::none();
}

// Other arguments are a subclass's own.
int wants_virtual_time(PyObject* keywords) noexcept {
  PyObject* given = keywords != nullptr ? PyDict_GetItemString(keywords, "virtual_time") : nullptr;
  return given != nullptr ? PyObject_IsTrue(given) : 0;
}

// Memory for what a Loop owns. It is there before the object is: asyncio's __del__ looks at the
// data of every loop.
struct LoopRoom {
  LoopRoom() noexcept = default;
  LoopRoom(const LoopRoom&) = delete;
  LoopRoom& operator=(const LoopRoom&) = delete;
  ~LoopRoom() {
    ::operator delete(data);
    ::operator delete(io);
  }
  void* data = ::operator new(sizeof(LoopData), std::nothrow);
  void* io = ::operator new(sizeof(LoopIo), std::nothrow);
};

PyObject* create(PyTypeObject* type, PyObject*, PyObject* keywords) noexcept {
  State* state = state_of_type(type);
  const int virtual_time = wants_virtual_time(keywords);
  if (state == nullptr || virtual_time < 0) return nullptr;
  LoopRoom room;
  if (room.data == nullptr || room.io == nullptr) return PyErr_NoMemory();
  Ref<> self = py::steal(type->tp_alloc(type, 0));
  if (!self) return nullptr;
  Loop& loop = loop_of(self.get());
  loop.data = ::new (std::exchange(room.data, nullptr)) LoopData(*state, self.get());
  py::acquire(state);  // released with the data
  loop.io = ::new (std::exchange(room.io, nullptr)) LoopIo(*loop.data, virtual_time != 0);
  loop.data->events = &loop.io->events;
  loop.data->poller = &loop.io->poller;
  const Status opened = loop.io->poller.open();
  if (!opened.ok()) {
    loop.data->closed = true;
    errno = opened.error();
    PyErr_SetFromErrno(PyExc_OSError);
    return nullptr;
  }
  return self.release();
}

int traverse(PyObject* self, visitproc visit, void* arg) noexcept {
  Py_VISIT(Py_TYPE(self));
  Loop& loop = loop_of(self);
  if (loop.data == nullptr || loop.io == nullptr) return 0;
  Py_VISIT(loop.data->task_factory.get());
  Py_VISIT(loop.data->escaped.get());
  Py_VISIT(&loop.data->state);
  if (int result = visit_scheduled(loop.io->events, visit, arg)) return result;
  if (int result = visit_descriptors(*loop.data, visit, arg)) return result;
  return visit_watches(*loop.io, visit, arg);
}

int clear(PyObject* self) noexcept {
  Loop& loop = loop_of(self);
  if (loop.data == nullptr || loop.io == nullptr) return 0;
  loop.io->events.drop_all();
  clear_watches(*loop.io);
  forget_descriptors(*loop.data);
  loop.data->task_factory = nullptr;
  loop.data->escaped = nullptr;
  return 0;
}

void dealloc(PyObject* self) noexcept {
  PyObject_GC_UnTrack(self);
  clear(self);
  Loop& loop = loop_of(self);
  delete std::exchange(loop.io, nullptr);
  if (LoopData* data = std::exchange(loop.data, nullptr)) {
    Ref<State> state = py::steal(&data->state);
    delete data;
  }
  py::free_object(self);
}

PyMethodDef methods[] = {
    py::method<call_soon>(
        "call_soon",
        "call_soon($self, callback, /, *args, context=None)\n--\n\n"
        "Arrange for a callback to be called as soon as possible.\n\nThis operates "
        "as a FIFO queue: callbacks are called in the order in\nwhich they are "
        "registered.  Each callback will be called exactly once.\n\nAny positional "
        "arguments after the callback will be passed to the\ncallback when it is "
        "called."),
    py::method<call_soon_threadsafe>(
        "call_soon_threadsafe",
        "call_soon_threadsafe($self, callback, /, *args, context=None)\n--\n"
        "\nLike call_soon(), but thread-safe."),
    py::method<call_later>(
        "call_later",
        "call_later($self, delay, callback, /, *args, context=None)"
        "\n--\n\nArrange for a callback to be called at a given time.\n\nThe delay "
        "can be an int or float, expressed in seconds.  It is\nalways relative to "
        "the current time.\n\nReturn a Handle: an opaque object with a cancel() "
        "method that\ncan be used to cancel the call."),
    py::method<call_at>(
        "call_at",
        "call_at($self, when, callback, /, *args, context=None)\n--\n\n"
        "Like call_later(), but uses an absolute time.\n\nAbsolute time corresponds "
        "to the event loop's time() method."),
    py::method<loop_time>(
        "time",
        "time($self, /)\n--\n\nReturn the time according to the event "
        "loop's clock.\n\nThis is a float expressed in seconds since an epoch, but "
        "the\nepoch, precision, accuracy and drift are unspecified and may\ndiffer "
        "per event loop."),
    py::method<create_future>("create_future",
                              "create_future($self, /)\n--\n\nCreate a Future object "
                              "attached to the loop."),
    py::method<create_task>("create_task", nullptr),
    py::method<is_running>("is_running",
                           "is_running($self, /)\n--\n\nReturns True if the event loop "
                           "is running."),
    py::method<is_closed>("is_closed",
                          "is_closed($self, /)\n--\n\nReturns True if the event loop was "
                          "closed."),
    py::method<stop>("stop",
                     "stop($self, /)\n--\n\nStop running the event loop.\n\nEvery callback "
                     "already scheduled will still run.  This simply informs\nrun_forever to stop "
                     "looping after a complete iteration."),
    py::method<run_once>("_run_once",
                         "_run_once($self, /)\n--\n\nRun one full iteration of the event loop."),
    py::method<run_natively>("_run_natively", "Has the next _run_once() return after stop()."),
    py::method<class_version>("_class_version", nullptr),
    py::method<trust>("_trust", nullptr),
    py::method<look_again_soon>("_look_again_soon", nullptr),
    py::method<set_attribute>("__setattr__", nullptr),
    py::method<delete_attribute>("__delattr__", nullptr),
    py::method<ready_handles>("_ready_handles", nullptr),
    py::method<timer_handles>("_timer_handles", nullptr),
    py::method<hand_over>("_hand_over", nullptr),
    py::method<enter_stock_mode>("_enter_stock_mode", nullptr),
    py::method<serve_native>("_serve_native", nullptr),
    py::method<poller_descriptor>("_poller_descriptor", nullptr),
    py::method<advance_time>("_advance_time", nullptr),
    py::method<watched_descriptors>("_watched_descriptors", nullptr),
    py::method<new_callback>("_new_handle", "A handle that is not scheduled."),
    py::method<schedule_callback>("_schedule_handle",
                                  "Schedules a handle of asyncio's: it runs once more."),
    py::method<watch_reader>("_watch_reader", nullptr),
    py::method<watch_writer>("_watch_writer", nullptr),
    py::method<unwatch_reader>("_unwatch_reader", nullptr),
    py::method<unwatch_writer>("_unwatch_writer", nullptr),
    py::method<watched_descriptor>("_watched_descriptor",
                                   "The descriptor watched as this very object, or -1."),
    py::method<watchers_of>("_watchers_of", nullptr),
    py::method<transport_of>("_transport_of", nullptr),
    py::method<set_transport>("_set_transport", nullptr),
    py::method<release_io>("_release_io", "Drops all scheduled work and closes the poller."),
    py::method<after_fork>("_after_fork_in_child", nullptr),
    {}};
PyGetSetDef attributes[] = {py::property<get_closed, set_closed>("_closed"),
                            py::property<get_stopping, set_stopping>("_stopping"),
                            py::property<get_thread, set_thread>("_thread_id"),
                            py::property<get_debug_flag, set_debug_flag>("_debug"),
                            py::property<get_factory, set_factory>("_task_factory"),
                            py::getter<get_stock>("_stock"),
                            py::getter<get_native>("_native"),
                            {}};
PyType_Slot slots[] = {{Py_tp_new, reinterpret_cast<void*>(create)},
                       {Py_tp_traverse, reinterpret_cast<void*>(traverse)},
                       {Py_tp_clear, reinterpret_cast<void*>(clear)},
                       {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
                       {Py_tp_methods, methods},
                       {Py_tp_getset, attributes},
                       {0, nullptr}};
PyType_Spec spec = {"phaseloop._native.Loop", sizeof(Loop), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE, slots};

}  // namespace

Ref<PyTypeObject> new_loop_type(PyObject* module) noexcept {
  return derive_type(module, spec, nullptr);
}

}  // namespace phaseloop
