#include "bindings/loop/run.h"

#include "bindings/core/current_task.h"
#include "bindings/core/work.h"
#include "bindings/loop/loop_io.h"
#include "bindings/loop/stock_mode.h"
#include "bindings/py/call.h"

namespace phaseloop {
namespace {

// Debug mode: says which work held the loop up, as asyncio does.
class SlowWork final : public EventLoop::Observer {
 public:
  explicit SlowWork(LoopData& data) noexcept : data_(data) {}

  void run(Runnable& work) noexcept override {
    const WorkKind& kind = work_kind(work);
    Ref<> owner = kind.describe != nullptr ? kind.describe(work) : py::borrow(kind.owner(work));
    if (!owner && PyErr_Occurred() != nullptr) py::write_unraisable(data_.object);
    const Instant start = data_.events->now();
    work.run();
    const Duration took = data_.events->now() - start;
    if (owner && !data_.escaped) warn_if_slow(owner.get(), took);
  }

 private:
  void warn_if_slow(PyObject* owner, Duration took) noexcept {
    Ref<> limit = py::attribute(data_.object, data_.state.names.slow_callback_duration.get());
    const double seconds = std::chrono::duration<double>(took).count();
    Ref<> number = limit ? py::steal(PyFloat_FromDouble(seconds)) : nullptr;
    const int slow = number ? PyObject_RichCompareBool(number.get(), limit.get(), Py_GE) : -1;
    if (slow < 0) return data_.escape(py::fetch_error());  // the limit is no number
    if (slow == 0) return;
    Ref<> described = describe(owner);
    if (!described) return py::write_unraisable(owner);
    Ref<> logger =
        py::steal(PyObject_GetAttrString(data_.state.base_events_module.get(), "logger"));
    Ref<> done = logger ? py::steal(PyObject_CallMethod(logger.get(), "warning", "sOd",
                                                        "Executing %s took %.3f seconds",
                                                        described.get(), seconds))
                        : nullptr;
    if (!done) py::write_unraisable(data_.object);
  }

  // A handle whose callback is a task's is named by the task, as asyncio does.
  Ref<> describe(PyObject* owner) noexcept {
    const int handle = PyObject_IsInstance(owner, data_.state.base_handle.get());
    if (handle < 0) return py::raised;
    if (handle == 0) return py::borrow(owner);
    return py::steal(
        PyObject_CallMethod(data_.state.base_events_module.get(), "_format_handle", "O", owner));
  }

  LoopData& data_;
};

// What was left standing must not be seen once the loop is not running.
struct RunScope {
  explicit RunScope(LoopData& own_data) noexcept
      : data(own_data), outer(own_data.events->observe(nullptr)) {
    ++data.runs;
  }
  ~RunScope() {
    --data.runs;
    leave_standing_task(data);
    data.events->observe(outer);
  }
  RunScope(const RunScope&) = delete;
  RunScope& operator=(const RunScope&) = delete;
  LoopData& data;
  EventLoop::Observer* const outer;
};

// 0, or -1 with the error that ends the run.
int iterate(LoopData& data, SlowWork& observer) noexcept {
  EventLoop& events = *data.events;
  static_cast<void>(events.observe(data.debug ? &observer : nullptr));
  events.run_once();
  if (data.escaped) [[unlikely]] {
    py::restore_error(std::exchange(data.escaped, nullptr));
    return -1;
  }
  return PyErr_CheckSignals();
}

}  // namespace

Ref<> run_until_stopped(Loop& loop) noexcept {
  LoopData& data = *loop.data;
  Ref<> keep = py::borrow(data.object);
  // `_closed` can be set back by hand; the poller cannot be opened again.
  if (!loop.io->poller.is_open()) return py::raise(PyExc_RuntimeError, "Event loop is closed");
  SlowWork observer(data);
  RunScope scope(data);
  data.events->begin_run();
  std::uint64_t signals = data.state.signals;
  do {
    const int native = still_native(data);
    if (native < 0) return py::raised;
    if (native == 0) return py::none();
    // asyncio looks at its self-pipe in every iteration: one after the signal it has the number.
    if (std::exchange(signals, data.state.signals) != data.state.signals) {
      data.events->poll_eagerly();
    }
    if (iterate(data, observer) < 0) return py::raised;
  } while (!data.events->stopping());
  return py::none();
}

Ref<> run_iteration(Loop& loop) noexcept {
  LoopData& data = *loop.data;
  Ref<> keep = py::borrow(data.object);
  if (!loop.io->poller.is_open()) return py::raise(PyExc_RuntimeError, "Event loop is closed");
  SlowWork observer(data);
  RunScope scope(data);
  data.events->begin_run();
  return iterate(data, observer) < 0 ? nullptr : py::none();
}

}  // namespace phaseloop
