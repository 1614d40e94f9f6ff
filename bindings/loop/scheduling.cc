#include "bindings/loop/scheduling.h"

#include <string_view>

#include "bindings/core/foreign_handle.h"
#include "bindings/core/handle.h"
#include "bindings/core/loop_data.h"
#include "bindings/core/threadsafe_handle.h"
#include "bindings/core/work.h"
#include "bindings/loop/loop_io.h"
#include "bindings/loop/stock_mode.h"
#include "bindings/objects/task.h"
#include "bindings/py/call.h"
#include "bindings/py/gil.h"
#include "bindings/py/version.h"

namespace phaseloop {
namespace {

using py::Args;

LoopData& data_of(PyObject* self) noexcept { return *reinterpret_cast<Loop*>(self)->data; }

// What the callback-taking methods have in common. Borrowed.
struct Callback {
  PyObject* function = nullptr;
  PyObject* context = nullptr;  // null: the current one
  Ref<> args;
};

// In the words in which BaseEventLoop's own methods fail.
void missing_arguments(const char* method, Py_ssize_t leading, Py_ssize_t given) noexcept {
  const char* names = leading > 0 && given == 0
                          ? (std::string_view(method) == "call_at" ? "'when' and 'callback'"
                                                                   : "'delay' and 'callback'")
                          : "'callback'";
  const Py_ssize_t count = leading + 1 - given;
  py::raise(PyExc_TypeError, "BaseEventLoop.%s() missing %zd required positional argument%s: %s",
            method, count, count == 1 ? "" : "s", names);
}

// `leading`: parameters before the callback. Nothing but context= may be given by name.
bool parse(const char* method, LoopData& data, Args args, Py_ssize_t leading,
           Callback& callback) noexcept {
  for (Py_ssize_t i = 0; i < args.keyword_count(); ++i) {
    if (PyUnicode_CompareWithASCIIString(args.keyword_name(i), "context") != 0) {
      py::raise(PyExc_TypeError, "BaseEventLoop.%s() got an unexpected keyword argument '%U'",
                method, args.keyword_name(i));
      return false;
    }
    if (args.keyword_value(i) != Py_None) callback.context = args.keyword_value(i);
  }
  if (args.count() <= leading) {
    missing_arguments(method, leading, args.count());
    return false;
  }
  callback.function = args[leading];
  callback.args =
      args.count() == leading + 1 ? data.state.empty_tuple.share() : args.tuple_from(leading + 1);
  return static_cast<bool>(callback.args);
}

// Debug mode's checks; `method` is what the error names.
int check_call(PyObject* self, LoopData& data, const Callback& callback, const char* method,
               bool any_thread) noexcept {
  if (check_closed(data) < 0) return -1;
  if (!data.debug) [[likely]]
    return 0;
  if (!any_thread && check_thread(data) < 0) return -1;
  Ref<> name = py::steal(PyUnicode_FromString(method));
  if (!name) return -1;
  return py::call_method(self, data.state.names._check_callback.get(), callback.function,
                         name.get())
             ? 0
             : -1;
}

// In debug mode a handle knows where it was made; the innermost frame is already the caller's.
Ref<> schedule_at(PyObject* self, Ref<> when, Callback& callback) noexcept {
  LoopData& data = data_of(self);
  Instant deadline;
  if (!read_deadline(data, when.get(), deadline)) return py::raised;
  if (check_closed(data) < 0) return py::raised;  // comparing may have run anything
  Ref<TimerHandle> handle = new_timer_handle(data, std::move(when), callback.function,
                                             std::move(callback.args), callback.context);
  if (!handle) return py::raised;
  if (!data.events->call_at(*handle.get(), deadline)) {
    PyErr_NoMemory();
    return py::raised;
  }
  py::acquire(handle.get());
  return handle;
}

// As asyncio: time() + delay by Python's own addition, so that any number does.
Ref<> deadline_after(PyObject* self, LoopData& data, PyObject* delay) noexcept {
  if ((PyFloat_CheckExact(delay) || PyLong_CheckExact(delay)) && data.native()) [[likely]] {
    const double seconds = PyFloat_AsDouble(delay);
    if (seconds == -1.0 && PyErr_Occurred() != nullptr) return py::raised;
    return py::steal(PyFloat_FromDouble(to_seconds(data.events->now()) + seconds));
  }
  Ref<> now = py::call_method(self, data.state.names.time.get());
  return now ? py::steal(PyNumber_Add(now.get(), delay)) : nullptr;
}

// A thread that posts faster than the loop can run gives it time, and the interpreter's lock.
void give_way(LoopData& data) noexcept {
  if (!data.running() || data.thread == PyThread_get_thread_ident()) return;
  py::ReleasedGil released;
  data.events->wait_for_room();
}

template <class H>
Ref<> post(LoopData& data, Ref<H> handle) noexcept {
  if (!handle) return py::raised;
  py::acquire(handle.get());
  data.events->post(*handle.get());
  if (data.events->crowded()) [[unlikely]]
    give_way(data);
  return handle;
}

int task_options(Args args, PyObject*& coroutine, TaskOptions& options) noexcept {
  PyObject* eager = nullptr;
  const py::Signature signature{"create_task", 1, 1};
  const int bound =
      version::kEagerTasks && version::kFactoryTakesKeywords
          ? py::bind(signature, args,
                     {{"coro", &coroutine},
                      {"name", &options.name},
                      {"context", &options.context},
                      {"eager_start", &eager}})
          : py::bind(
                signature, args,
                {{"coro", &coroutine}, {"name", &options.name}, {"context", &options.context}});
  if (bound < 0) return -1;
  if (eager != nullptr) {
    const int truth = PyObject_IsTrue(eager);
    if (truth < 0) return -1;
    options.eager_start = truth != 0;
  }
  return 0;
}

}  // namespace

Ref<> call_soon(PyObject* self, Args args) noexcept {
  LoopData& data = data_of(self);
  if (data.stock) [[unlikely]]
    return call_stock_method(data, data.state.names.call_soon.get(), args);
  Callback callback;
  if (!parse("call_soon", data, args, 0, callback) ||
      check_call(self, data, callback, "call_soon", false) < 0) {
    return py::raised;
  }
  Ref<Handle> handle =
      new_handle(data, callback.function, std::move(callback.args), callback.context);
  if (!handle) return py::raised;
  py::acquire(handle.get());
  data.events->call_soon(*handle.get());
  return handle;
}

Ref<> call_soon_threadsafe(PyObject* self, Args args) noexcept {
  LoopData& data = data_of(self);
  if (data.stock) [[unlikely]]
    return call_stock_method(data, data.state.names.call_soon_threadsafe.get(), args);
  Callback callback;
  if (!parse("call_soon_threadsafe", data, args, 0, callback) ||
      check_call(self, data, callback, "call_soon_threadsafe", true) < 0) {
    return py::raised;
  }
  if constexpr (version::kThreadSafeHandles) {
    return post(data, new_threadsafe_handle(data, callback.function, std::move(callback.args),
                                            callback.context));
  }
  return post(data,
              new_handle(data, callback.function, std::move(callback.args), callback.context));
}

Ref<> call_later(PyObject* self, Args args) noexcept {
  LoopData& data = data_of(self);
  if (data.stock) [[unlikely]]
    return call_stock_method(data, data.state.names.call_later.get(), args);
  Callback callback;
  if (!parse("call_later", data, args, 1, callback)) return py::raised;
  if (args[0] == Py_None) return py::raise(PyExc_TypeError, "delay must not be None");
  Ref<> when = deadline_after(self, data, args[0]);
  if (!when) return py::raised;
  if (check_call(self, data, callback, "call_at", false) < 0) return py::raised;
  return schedule_at(self, std::move(when), callback);
}

Ref<> call_at(PyObject* self, Args args) noexcept {
  LoopData& data = data_of(self);
  if (data.stock) [[unlikely]]
    return call_stock_method(data, data.state.names.call_at.get(), args);
  Callback callback;
  if (!parse("call_at", data, args, 1, callback)) return py::raised;
  if (args[0] == Py_None) return py::raise(PyExc_TypeError, "when cannot be None");
  if (check_call(self, data, callback, "call_at", false) < 0) return py::raised;
  return schedule_at(self, py::borrow(args[0]), callback);
}

// The clock is the one that time.monotonic() reads, unless time is virtual.
Ref<> loop_time(PyObject* self) noexcept {
  LoopData& data = data_of(self);
  if (data.stock && !reinterpret_cast<Loop*>(self)->io->is_virtual) [[unlikely]] {
    return call_stock_method(data, data.state.names.time.get(), Args(nullptr, 0, nullptr));
  }
  return py::steal(PyFloat_FromDouble(to_seconds(data.events->now())));
}

Ref<> create_future(PyObject* self) noexcept {
  LoopData& own = data_of(self);
  if (own.stock) [[unlikely]] {
    const int replaced = class_replaced(own.state, "asyncio.futures", own.state.names.Future.get());
    if (replaced < 0) return py::raised;
    if (replaced > 0) {
      return call_stock_method(own, own.state.names.create_future.get(), Args(nullptr, 0, nullptr));
    }
  }
  return new_future(loop_data(own.state, self), self);
}

Ref<> create_task(PyObject* self, Args args) noexcept {
  LoopData& own = data_of(self);
  if (check_closed(own) < 0) return py::raised;
  const bool eager = own.task_factory && own.task_factory.get() == own.state.eager_factory.get();
  if (own.task_factory && !eager) [[unlikely]]
    return call_stock_method(own, own.state.names.create_task.get(), args);
  if (own.stock) [[unlikely]] {
    const int replaced = class_replaced(own.state, "asyncio.tasks", own.state.names.Task.get());
    if (replaced < 0) return py::raised;
    if (replaced > 0) return call_stock_method(own, own.state.names.create_task.get(), args);
  }
  PyObject* coroutine = nullptr;
  TaskOptions options;
  options.eager_start = eager;
  if (task_options(args, coroutine, options) < 0) return py::raised;
  return new_task(loop_data(own.state, self), self, coroutine, options);
}

Ref<> new_callback(PyObject* self, Args args) noexcept {
  LoopData& data = data_of(self);
  Callback callback;
  if (!parse("_new_handle", data, args, 0, callback)) return py::raised;
  return new_handle(data, callback.function, std::move(callback.args), callback.context);
}

Ref<> schedule_callback(PyObject* self, PyObject* handle) noexcept {
  LoopData& data = data_of(self);
  if (data.closed) return py::none();
  return schedule_handle(data, handle) < 0 ? nullptr : py::none();
}

}  // namespace phaseloop
