// Future: asyncio.Future natively, derived from _asyncio.Future.
//
// The base's storage stays zeroed and inert; ours follows it. It begins at the same distance from
// the object in futures and tasks (behind the larger base, _asyncio.Task), so that every future of
// ours is reached in the same way and a task is a future of ours too.
//
// Thread: that of the future's loop. Every function here may run Python code only where it says so.
#pragma once

#include <cstdint>

#include "bindings/core/loop_data.h"
#include "bindings/py/ref.h"
#include "runtime/task/future_state.h"

namespace phaseloop {

struct FutureData {
  FutureState state;
  bool failed = false;          // `value` is an exception
  bool restarted = false;       // initialised again after it was done: see waits_for()
  std::uint32_t callbacks = 0;  // Python callbacks among the waiters
  std::uint32_t edits = 0;      // changes of the waiters, to notice them across a call-out
  LoopData* data = nullptr;     // null: not initialised
  Ref<> loop;
  Ref<> value;  // once finished
  Ref<> traceback;
  Ref<> cancel_message;
  Ref<> cancelled_error;  // what a task ended with; the first who asks gets it
  Ref<> source_traceback;
  Ref<State> foreign_state;  // on a foreign loop: owns what `data` is part of; empty on ours
  std::int64_t hash = 0;     // 0: nobody has asked yet

  auto refs() {
    return std::tie(loop, value, traceback, cancel_message, cancelled_error, source_traceback);
  }
};

// Bytes from the object to its FutureData. The same in every interpreter of the process.
extern std::ptrdiff_t future_offset;

inline FutureData& future_data(PyObject* future) noexcept {
  return *reinterpret_cast<FutureData*>(reinterpret_cast<char*>(future) + future_offset);
}
inline PyObject* object_of(FutureData& future) noexcept {
  return reinterpret_cast<PyObject*>(reinterpret_cast<char*>(&future) - future_offset);
}

// One of the types whose behaviour is known to be ours: no Python subclass.
inline bool is_native_future(State& state, PyTypeObject* type) noexcept {
  return type == state.future_type.get() || type == state.task_type.get() ||
         type == state.gathering_future_type.get();
}

// A pending future on the loop, as loop.create_future() makes it. Runs Python code only in debug
// mode.
Ref<> new_future(LoopData& data, PyObject* loop) noexcept;
// The same for an object whose FutureData has just been constructed. 0 or -1.
int begin_future(PyObject* future, LoopData& data, PyObject* loop) noexcept;
// Makes `future` pending on `loop` (None: the current one), as Future.__init__ does. 0 or -1.
int init_future(PyObject* future, PyObject* loop) noexcept;

// 0, or -1 with asyncio's error: not initialised, InvalidStateError, loop closed. `finish_*`
// require nothing; `value` is a new owner of the result.
int finish_with_result(FutureData& future, Ref<> value) noexcept;
// `exception` may be a class. Runs Python code then.
int finish_with_exception(FutureData& future, PyObject* exception) noexcept;
// 1: cancelled now; 0: it was done; -1: error. `message` may be null.
int cancel_future(FutureData& future, PyObject* message) noexcept;

// Adds a waiter whose share the caller has acquired; if the future is done it is scheduled at once.
int add_waiter(FutureData& future, Waiter& waiter) noexcept;
// Is the waiter in this future's list, rather than nowhere or on its way to run? A future that was
// done may have been made pending again by a second __init__(), while the waiters of its first life
// are still in the ready queue.
inline bool waits_for(const FutureData& future, const Waiter& waiter) noexcept {
  if (!waiter.linked() || !future.state.pending()) return false;
  return !future.restarted || future.state.waiters.contains(waiter);
}
// REQUIRES: waits_for(future, waiter). The share is the caller's.
void remove_waiter(FutureData& future, Waiter& waiter) noexcept;
// As Future.add_done_callback.
int add_callback(FutureData& future, PyObject* callback, PyObject* context) noexcept;

// The outcome of awaiting the future. Marks an exception as seen. A future that is pending, perhaps
// again, gives asyncio's InvalidStateError.
// 0, or -1 with InvalidStateError: it is pending.
int check_finished(FutureData& future) noexcept;
enum class Outcome { result, exception, failed };
// result: `value` is it. exception: `value` is what is to be raised, traceback restored, a
// CancelledError included. failed: no outcome could be made, error set.
Outcome future_outcome(FutureData& future, Ref<>& value) noexcept;
// The CancelledError that awaiting the cancelled future raises.
Ref<> make_cancelled_error(FutureData& future) noexcept;

// Slots that Task and other derived types share.
namespace future_slots {
PyObject* create(PyTypeObject* type, PyObject*, PyObject*) noexcept;
int traverse_data(FutureData& future, visitproc visit, void* arg) noexcept;
void clear_data(FutureData& future) noexcept;
void finalize(PyObject* self) noexcept;
Py_hash_t hash(PyObject* self) noexcept;
}  // namespace future_slots

Ref<PyTypeObject> new_future_type(State& state, PyObject* module) noexcept;
Ref<PyTypeObject> new_future_iter_type(PyObject* module) noexcept;
// `await future`: tp_iter and am_await of every future.
PyObject* new_future_iter(PyObject* future) noexcept;

}  // namespace phaseloop
