// What a future does: its life below the Python methods (future_type.cc).
#include "bindings/objects/future.h"

#include <new>

#include "bindings/core/work.h"
#include "bindings/objects/done_callback.h"
#include "bindings/py/call.h"
#include "bindings/py/version.h"

namespace phaseloop {

std::ptrdiff_t future_offset = 0;

namespace {

int check_pending(FutureData& future) noexcept {
  if (future.data == nullptr) [[unlikely]] {
    return py::raise(PyExc_RuntimeError, "Future object is not initialized.");
  }
  if (future.state.done()) [[unlikely]] {
    return py::raise(future.data->state.invalid_state_error.get(), "invalid state");
  }
  return 0;
}

void hold_future(FutureData& future, Waiter& waiter) noexcept {
  if (DoneCallback* callback = as_done_callback(waiter)) {
    callback->future = py::borrow(object_of(future));
  }
}

// Hands every waiter to the loop. On a loop of ours that is one splice.
int schedule_waiters(FutureData& future) noexcept {
  WaiterList& waiters = future.state.waiters;
  if (waiters.empty()) return 0;
  ++future.edits;
  LoopData& data = *future.data;
  if (data.native() && !data.closed && !data.debug) [[likely]] {
    if (std::exchange(future.callbacks, 0) != 0) {
      for (Waiter* w = waiters.first(); w != nullptr; w = WaiterList::after(*w)) {
        hold_future(future, *w);
      }
    }
    auto [first, last] = waiters.release();
    data.events->call_soon(*first, *last);
    return 0;
  }
  Ref<> self = py::borrow(object_of(future));  // a foreign call_soon() may do anything
  Ref<> loop = future.loop.share();
  future.callbacks = 0;
  while (!waiters.empty()) {
    Waiter& waiter = waiters.pop();
    hold_future(future, waiter);
    if (schedule(data, loop.get(), waiter) < 0) {
      py::ErrorScope keep;
      waiters.drop_all();
      return -1;
    }
  }
  return 0;
}

// StopIteration can't be raised into a coroutine: it would look like its end.
Ref<> storable_exception(Ref<> exception) noexcept {
  if (PyErr_GivenExceptionMatches(exception.get(), PyExc_StopIteration) == 0) return exception;
  constexpr const char* kText =
      "StopIteration interacts badly with generators and cannot be raised into a Future";
  if constexpr (!version::kStopIterationStored) return py::raise(PyExc_TypeError, kText);
  Ref<> text = py::steal(PyUnicode_FromString(kText));
  if (!text) return py::raised;
  Ref<> error = py::call(PyExc_RuntimeError, text.get());
  if (!error) return py::raised;
  PyException_SetCause(error.get(), exception.share().release());
  PyException_SetContext(error.get(), exception.release());
  return error;
}

Ref<> exception_instance(PyObject* exception) noexcept {
  Ref<> instance =
      PyExceptionClass_Check(exception) != 0 ? py::call(exception) : py::borrow(exception);
  if (!instance) return py::raised;
  if (PyExceptionInstance_Check(instance.get()) == 0) {
    return py::raise(PyExc_TypeError, "invalid exception object");
  }
  return storable_exception(std::move(instance));
}

int capture_source(FutureData& future, PyObject* origin) noexcept {
  bool debug = future.data->debug;
  if (!future.data->native()) {
    const int answer =
        py::truth(py::call_method(future.loop.get(), future.data->state.names.get_debug.get()));
    if (answer < 0) return -1;
    debug = answer != 0;
  }
  if (!debug) return 0;
  future.source_traceback = py::call(origin);
  return future.source_traceback ? 0 : -1;
}

// A second __init__ starts the future over, as asyncio's does.
void start_over(FutureData& future) noexcept {
  future.restarted = future.restarted || future.state.done();
  future.state.waiters.drop_all();
  future.callbacks = 0;
  ++future.edits;
  for (Ref<>* ref : {&future.value, &future.traceback, &future.cancel_message,
                     &future.cancelled_error, &future.source_traceback}) {
    *ref = nullptr;
  }
  future.failed = false;
  future.state.reset();
  future.state.blocking = future.state.exception_unseen = false;
}

// origin: what tells where the future was made, if its loop is in debug mode.
int attach(FutureData& future, LoopData& data, PyObject* loop, const Ref<>& origin) noexcept {
  future.data = &data;
  future.loop = py::borrow(loop);
  if (data.native() && !data.debug) [[likely]]
    return 0;
  if (!data.native()) future.foreign_state = py::borrow(&data.state);
  return capture_source(future, origin.get());
}

}  // namespace

Ref<> new_future(LoopData& data, PyObject* loop) noexcept {
  Ref<> future = py::steal(data.state.futures.make(data.state.future_type.get()));
  if (!future) return py::raised;
  ::new (static_cast<void*>(&future_data(future.get()))) FutureData;
  if (attach(future_data(future.get()), data, loop, data.state.origin_of_future) < 0)
    return py::raised;
  return future;
}

int begin_future(PyObject* future, LoopData& data, PyObject* loop) noexcept {
  return attach(future_data(future), data, loop, data.state.origin_of_call);
}

int init_future(PyObject* self, PyObject* loop) noexcept {
  FutureData& future = future_data(self);
  if (future.data != nullptr) {
    if constexpr (version::kStrictInit) {
      return py::raise(PyExc_RuntimeError, "%T object is already initialized", self);
    }
    start_over(future);
  }
  State* state = state_of_type(Py_TYPE(self));
  if (state == nullptr) return -1;
  Ref<> found =
      loop != nullptr && loop != Py_None
          ? py::borrow(loop)
          : py::call_method(state->events_module.get(), state->names.get_event_loop.get());
  if (!found) return -1;
  return attach(future, loop_data(*state, found.get()), found.get(), state->origin_of_call);
}

int finish_with_result(FutureData& future, Ref<> value) noexcept {
  if (check_pending(future) < 0) return -1;
  future.value = std::move(value);
  future.state.finish();
  return schedule_waiters(future);
}

int finish_with_exception(FutureData& future, PyObject* exception) noexcept {
  if (check_pending(future) < 0) return -1;
  if (exception == nullptr)
    return py::raise(PyExc_SystemError, "error return without exception set");
  Ref<> stored = exception_instance(exception);
  if (!stored || check_pending(future) < 0) return -1;  // a class's __init__ may have finished it
  future.traceback = py::steal(PyException_GetTraceback(stored.get()));
  future.value = std::move(stored);
  future.failed = true;
  future.state.finish();
  if (schedule_waiters(future) < 0) return -1;
  future.state.exception_unseen = true;
  return 0;
}

int cancel_future(FutureData& future, PyObject* message) noexcept {
  future.state.exception_unseen = false;
  if (future.state.done()) return 0;
  if (check_pending(future) < 0) return -1;
  future.state.cancel();
  future.cancel_message = py::borrow(message);
  return schedule_waiters(future) < 0 ? -1 : 1;
}

int add_waiter(FutureData& future, Waiter& waiter) noexcept {
  if (future.state.done()) {
    hold_future(future, waiter);
    return schedule(*future.data, future.loop.get(), waiter);
  }
  future.state.waiters.add(waiter);
  ++future.edits;
  return 0;
}

void remove_waiter(FutureData& future, Waiter& waiter) noexcept {
  future.state.waiters.remove(waiter);
  ++future.edits;
}

int add_callback(FutureData& future, PyObject* callback, PyObject* context) noexcept {
  DoneCallback* waiter = new_done_callback(callback, context);
  if (waiter == nullptr) return -1;
  if (!future.state.done()) ++future.callbacks;
  return add_waiter(future, *waiter);
}

Ref<> make_cancelled_error(FutureData& future) noexcept {
  if (future.cancelled_error) return std::move(future.cancelled_error);
  PyObject* type = future.data->state.cancelled_error.get();
  PyObject* message = future.cancel_message.get();
  return message == nullptr || message == Py_None ? py::call(type) : py::call(type, message);
}

int check_finished(FutureData& future) noexcept {
  if (future.state.done()) return 0;
  PyObject* type =
      future.data != nullptr ? future.data->state.invalid_state_error.get() : PyExc_RuntimeError;
  return py::raise(type, "Result is not set.");
}

Outcome future_outcome(FutureData& future, Ref<>& value) noexcept {
  if (future.state.cancelled()) {
    value = make_cancelled_error(future);
    return value ? Outcome::exception : Outcome::failed;
  }
  if (future.state.pending()) [[unlikely]] {
    check_finished(future);
    return Outcome::failed;
  }
  future.state.exception_unseen = false;
  value = future.value.share();
  if (!future.failed) [[likely]]
    return Outcome::result;
  // Each look gives the traceback as it was stored, so that it does not grow with them.
  Ref<> traceback = std::move(future.traceback);
  if (PyException_SetTraceback(value.get(), traceback ? traceback.get() : Py_None) < 0) {
    return Outcome::failed;
  }
  return Outcome::exception;
}

}  // namespace phaseloop
