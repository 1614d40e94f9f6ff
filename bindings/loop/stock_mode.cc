#include "bindings/loop/stock_mode.h"

#include "bindings/core/current_task.h"
#include "bindings/core/timer_call.h"
#include "bindings/core/work.h"
#include "bindings/loop/loop_io.h"
#include "bindings/py/call.h"
#include "runtime/base/pod_vector.h"

namespace phaseloop {
namespace {

using py::Args;

Loop& loop_of(PyObject* self) noexcept { return *reinterpret_cast<Loop*>(self); }
LoopData& data_of(PyObject* self) noexcept { return *loop_of(self).data; }

unsigned version_of(PyObject* type) noexcept {
  const unsigned version = reinterpret_cast<PyTypeObject*>(type)->tp_version_tag;
  return version != 0 ? version : LoopData::kNoVersion;
}

bool is_handle(State& state, PyObject* object) noexcept {
  return PyObject_TypeCheck(object, reinterpret_cast<PyTypeObject*>(state.base_handle.get())) != 0;
}

// --- what has changed -------------------------------------------------------------------------

// The loop looks at itself before its next iteration; if it sleeps, that is now.
void notice(PyObject* self, PyObject* name) noexcept {
  LoopData& data = data_of(self);
  if (data.stock || !data.state.watched_names) return;
  const int watched = PySet_Contains(data.state.watched_names.get(), name);
  if (watched < 0) return py::ignore_error();
  if (watched == 0) return;
  data.doubt();
  if (data.running() && data.thread != PyThread_get_thread_ident()) data.poller->wake();
}

// --- handles of what is ready -----------------------------------------------------------------

// While it lives, work that leaves the queue becomes handles in the list.
class HandOverScope {
 public:
  HandOverScope(LoopData& data, PyObject* handles) noexcept
      : data_(data),
        debug_(std::exchange(data.debug, false)),
        outer_(std::exchange(*data.state.hand_over, HandOver{&data, handles})) {}
  ~HandOverScope() {
    *data_.state.hand_over = outer_;
    data_.debug = debug_;
  }
  HandOverScope(const HandOverScope&) = delete;
  HandOverScope& operator=(const HandOverScope&) = delete;

 private:
  LoopData& data_;
  const bool debug_;  // where a handle was made would be said of this very place
  const HandOver outer_;
};

// Work that stays in the native queue as a handle to look at: null without an error if it is the
// loop's own.
Ref<> shown_handle(LoopData& data, Runnable& work) noexcept {
  const WorkKind& kind = work_kind(work);
  Ref<> owner = py::borrow(kind.owner(work));
  if (!owner || is_handle(data.state, owner.get())) return owner;
  if (Py_IS_TYPE(owner.get(), data.state.foreign_handle_type.get())) return kind.describe(work);
  Ref<> callback = py::steal(PyObject_GetAttrString(owner.get(), "_read_ready"));
  if (!callback && !py::consume_error(PyExc_AttributeError)) return py::raised;
  PyObject* shown = callback ? callback.get() : owner.get();
  return new_handle(data, shown, data.state.empty_tuple.share(), nullptr);
}

class Ready {
 public:
  Ready(LoopData& data, PyObject* handles, bool leaving) noexcept
      : data_(data), handles_(handles), leaving_(leaving) {}

  // Returns the work to queue in its place. An error is kept until all work has been seen, so that
  // nothing is lost.
  Runnable* operator()(Runnable& work) noexcept {
    const WorkKind& kind = work_kind(work);
    if (kind.call_foreign != nullptr) return to_handle(work);
    PyObject* owner = kind.owner(work);
    const bool moves = leaving_ && owner != nullptr &&
                       (Py_IS_TYPE(owner, data_.state.handle_type.get()) ||
                        Py_IS_TYPE(owner, data_.state.timer_handle_type.get())) &&
                       kind.visit == nullptr;
    if (moves) {
      if (PyList_Append(handles_, owner) < 0) return keep_error(), &work;
      work.drop();
      return nullptr;
    }
    if (leaving_) return &work;
    Ref<> shown = shown_handle(data_, work);
    if (!shown && PyErr_Occurred() == nullptr) return &work;
    if (!shown || PyList_Append(handles_, shown.get()) < 0) keep_error();
    return &work;
  }
  Ref<> take_error() noexcept { return std::move(error_); }

 private:
  Runnable* to_handle(Runnable& work) noexcept {
    HandOverScope scope(data_, handles_);
    if (work_kind(work).call_foreign(work, data_.object) < 0) return keep_error(), nullptr;
    if (leaving_) return nullptr;
    const Py_ssize_t last = PyList_GET_SIZE(handles_) - 1;
    Ref<Handle> made = py::borrow(reinterpret_cast<Handle*>(PyList_GET_ITEM(handles_, last)));
    return made.release();
  }
  void keep_error() noexcept {
    Ref<> error = py::fetch_error();
    if (!error_) error_ = std::move(error);
  }

  LoopData& data_;
  PyObject* const handles_;
  const bool leaving_;
  Ref<> error_;
};

// 0, or -1 with an error set: what has been appended has left the native queue, if `leaving`.
int take_ready(LoopData& data, bool leaving, PyObject* handles) noexcept {
  Ready ready(data, handles, leaving);
  data.events->replace_ready([&](Runnable& work) { return ready(work); });
  Ref<> error = ready.take_error();
  if (error) py::restore_error(std::move(error));
  return PyErr_Occurred() != nullptr ? -1 : 0;
}

// --- handles of timers ------------------------------------------------------------------------

struct Armed {
  PyObject* owner;  // a share
  Timer* timer;
  Instant deadline;
};

Ref<> handle_for(LoopData& data, const Armed& armed) noexcept {
  if (is_handle(data.state, armed.owner)) return py::borrow(armed.owner);
  Ref<> when = py::steal(PyFloat_FromDouble(to_seconds(armed.deadline)));
  Ref<> callback = new_timer_call(data, armed.owner, *armed.timer);
  if (!when || !callback) return py::raised;
  return new_timer_handle(data, std::move(when), callback.get(), data.state.empty_tuple.share(),
                          nullptr);
}

// Those that have handles are disarmed if `leaving`. 0, or -1 with an error set: what has been
// appended has left then, too.
int take_timers(LoopData& data, bool leaving, PyObject* handles) noexcept {
  PodVector<Armed> all;
  bool complete = true;
  data.events->for_each_timer([&](Timer& timer, Instant deadline) {
    PyObject* owner = work_kind(timer).owner(timer);
    if (!complete || owner == nullptr) return;
    complete = all.push_back({owner, &timer, deadline});
    if (complete) py::acquire(owner);
  });
  if (!complete) PyErr_NoMemory();
  for (std::size_t i = 0; i < all.size(); ++i) {
    Ref<> owner = py::steal(all[i].owner);
    if (!complete || !all[i].timer->armed()) continue;
    Ref<> handle = handle_for(data, all[i]);
    complete = handle && PyList_Append(handles, handle.get()) == 0;
    if (!complete || !leaving || handle.get() != owner.get()) continue;
    data.events->disarm(*all[i].timer);
    all[i].timer->drop();
  }
  return complete ? PyList_Sort(handles) : -1;
}

// What a descriptor's watching stands for leaves; what the loop watches for itself stays. 0, or -1
// with an error set and all as it was.
int take_watch(LoopIo& io, FdWatch& watch, PyObject* all) noexcept {
  Ref<> number = py::steal(PyLong_FromLong(watch.watch.fd));
  if (!number) return -1;
  const auto handle_of = [](auto& side) { return side.handle ? side.handle.obj() : Py_None; };
  Ref<> entry = py::steal(PyTuple_Pack(3, watch.file ? watch.file.get() : number.get(),
                                       handle_of(watch.reader), handle_of(watch.writer)));
  if (!entry || PyList_Append(all, entry.get()) < 0) return -1;
  watch.reader.handle = nullptr;
  watch.writer.handle = nullptr;
  watch.file = nullptr;
  Interest left = watch.reader.call ? Interest::read : Interest::none;
  if (watch.writer.call) left = left | Interest::write;
  static_cast<void>(io.poller.watch(watch.watch, left).ok());
  return 0;
}

int take_watches(Loop& loop, PyObject* all) noexcept {
  PodVector<FdWatch*> found;
  bool complete = true;
  loop.io->watches.for_each([&](FdWatch& watch) {
    if (watch.reader.handle || watch.writer.handle) complete = complete && found.push_back(&watch);
  });
  if (!complete) return PyErr_NoMemory(), -1;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (take_watch(*loop.io, *found[i], all) < 0) return -1;
  }
  return 0;
}

}  // namespace

Ref<> class_version(PyObject* self) noexcept {
  // A look at any attribute gives a class without a version the next one.
  State& state = data_of(self).state;
  for (PyObject* type : {py::object(Py_TYPE(self)), state.handle_type.obj()}) {
    Ref<> found = py::attribute(type, state.names._run_once.get());
    if (!found && !py::consume_error(PyExc_AttributeError)) return py::raised;
  }
  const unsigned version = version_of(py::object(Py_TYPE(self)));
  const bool watched = version != LoopData::kNoVersion &&
                       version_of(state.handle_type.obj()) != LoopData::kNoVersion;
  return watched ? py::steal(PyLong_FromUnsignedLong(version)) : py::none();
}

Ref<> trust(PyObject* self, Args args) noexcept {
  LoopData& data = data_of(self);
  if (args.count() != 3 || args.keyword_count() != 0) {
    return py::raise(PyExc_TypeError, "a version and two truth values are expected");
  }
  const unsigned long version = PyLong_AsUnsignedLong(args[0]);
  if (PyErr_Occurred() != nullptr) return py::raised;
  const int future = PyObject_IsTrue(args[1]), task = PyObject_IsTrue(args[2]);
  if (future < 0 || task < 0) return py::raised;
  data.overrides_create_future = future != 0;
  data.overrides_create_task = task != 0;
  if (!data.stock) data.plain_version = static_cast<unsigned>(version);
  data.handle_version = version_of(data.state.handle_type.obj());
  return py::none();
}

Ref<> look_again_soon(PyObject* self) noexcept {
  data_of(self).handle_version = LoopData::kNoVersion;
  return py::none();
}

Ref<> set_attribute(PyObject* self, Args args) noexcept {
  if (args.count() != 2 || args.keyword_count() != 0) {
    return py::raise(PyExc_TypeError, "expected 2 arguments, got %zd", args.count());
  }
  if (PyObject_GenericSetAttr(self, args[0], args[1]) < 0) return py::raised;
  notice(self, args[0]);
  return py::none();
}

Ref<> delete_attribute(PyObject* self, PyObject* name) noexcept {
  if (PyObject_GenericSetAttr(self, name, nullptr) < 0) return py::raised;
  notice(self, name);
  return py::none();
}

Ref<> ready_handles(PyObject* self) noexcept {
  Ref<> handles = py::steal(PyList_New(0));
  return handles && take_ready(data_of(self), false, handles.get()) == 0 ? std::move(handles)
                                                                         : py::raised;
}
Ref<> timer_handles(PyObject* self) noexcept {
  Ref<> handles = py::steal(PyList_New(0));
  return handles && take_timers(data_of(self), false, handles.get()) == 0 ? std::move(handles)
                                                                          : py::raised;
}

Ref<> hand_over(PyObject* self, Args args) noexcept {
  PyObject *ready = nullptr, *timers = nullptr, *watches = nullptr;
  if (py::bind({"_hand_over", 3, 3}, args, {{"", &ready}, {"", &timers}, {"", &watches}}) < 0) {
    return py::raised;
  }
  for (PyObject* each : {ready, timers, watches}) {
    if (!PyList_Check(each)) return py::raise(PyExc_TypeError, "a list is expected, got %R", each);
  }
  LoopData& data = data_of(self);
  leave_standing_task(data);
  const bool taken = take_ready(data, true, ready) == 0 && take_timers(data, true, timers) == 0 &&
                     take_watches(loop_of(self), watches) == 0;
  return taken ? py::none() : py::raised;
}

Ref<> enter_stock_mode(PyObject* self) noexcept {
  LoopData& data = data_of(self);
  data.doubt();
  data.stock = true;
  if (data.events->anything_ready() && serve_later(data) < 0) {
    data.stock = false;
    return py::raised;
  }
  return py::none();
}

Ref<> serve_native(PyObject* self) noexcept {
  LoopData& data = data_of(self);
  Ref<> keep = py::borrow(self);
  data.serves_later = false;
  if (data.closed) return py::none();
  const bool more = data.events->serve();
  leave_standing_task(data);
  LoopData& foreign = *data.state.foreign_loop;
  if (foreign.escaped) return py::restore_error(std::exchange(foreign.escaped, nullptr)), nullptr;
  if (more && serve_later(data) < 0) return py::raised;
  return py::none();
}

Ref<> poller_descriptor(PyObject* self) noexcept {
  return py::steal(PyLong_FromLong(loop_of(self).io->poller.descriptor()));
}

Ref<> advance_time(PyObject* self, PyObject* seconds) noexcept {
  const double by = PyFloat_AsDouble(seconds);
  if (by == -1.0 && PyErr_Occurred() != nullptr) return py::raised;
  if (by > 0) loop_of(self).io->jumping.advance(to_deadline(by) - Instant{});
  return py::none();
}

Ref<> watched_descriptors(PyObject* self) noexcept {
  Ref<> all = py::steal(PyList_New(0));
  PodVector<int> numbers;
  bool complete = true;
  const auto add = [&](int fd) { complete = complete && numbers.push_back(fd); };
  loop_of(self).io->watches.for_each_number(add);
  data_of(self).transports.for_each_number(add);
  if (!complete) return PyErr_NoMemory(), py::raised;
  for (std::size_t i = 0; all && i < numbers.size(); ++i) {
    Ref<> item = py::steal(PyLong_FromLong(numbers[i]));
    if (!item || PyList_Append(all.get(), item.get()) < 0) return py::raised;
  }
  return all;
}

Ref<> call_stock_method(LoopData& data, PyObject* name, Args args) noexcept {
  Ref<> method = py::attribute(data.state.stock_selector_loop.get(), name);
  Ref<> positional = args.tuple_from(0);
  Ref<> keywords = py::steal(PyDict_New());
  if (!method || !positional || !keywords) return py::raised;
  for (Py_ssize_t i = 0; i < args.keyword_count(); ++i) {
    if (PyDict_SetItem(keywords.get(), args.keyword_name(i), args.keyword_value(i)) < 0) {
      return py::raised;
    }
  }
  Ref<> bound = py::steal(PyMethod_New(method.get(), data.object));
  if (!bound) return py::raised;
  return py::steal(PyObject_Call(bound.get(), positional.get(), keywords.get()));
}

int class_replaced(State& state, const char* module, PyObject* name) noexcept {
  Ref<> home = py::steal(PyImport_ImportModule(module));
  Ref<> now = home ? py::attribute(home.get(), name) : nullptr;
  if (!now) return -1;
  PyObject* const known[] = {state.base_future.get(), state.base_task.get(),
                             state.future_type.obj(), state.task_type.obj()};
  for (PyObject* each : known) {
    if (now.get() == each) return 0;
  }
  return 1;
}

int still_native(LoopData& data) noexcept {
  if (data.native() && data.state.handle_type->tp_version_tag == data.handle_version) [[likely]] {
    return 1;
  }
  if (data.stock) return 0;
  if (!py::call_method(data.object, data.state.names._settle.get())) return -1;
  return data.stock ? 0 : 1;
}

}  // namespace phaseloop
