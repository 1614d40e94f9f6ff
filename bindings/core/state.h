// What one interpreter's copy of the module knows: types, interned names, asyncio's own objects.
//
// Owner: a module of its own (`home`) that no dictionary lists and whose attributes nothing depends
// on; all our types are that module's and own it. So do loops, native functions, coroutines, and
// futures and tasks on foreign loops: whatever reaches the state through a raw pointer owns it, or
// owns its loop. At the end of the interpreter objects outlive their module, its dictionary and
// asyncio's; the state therefore has no tp_clear, and is whole until the last of its owners goes.
// One per interpreter; there are no other globals that hold Python objects. Constant after the
// module is initialised, except where grouped otherwise below.
#pragma once

#include <cstdint>

#include "bindings/py/free_list.h"
#include "bindings/py/gc.h"
#include "bindings/py/gen.h"
#include "bindings/py/ref.h"

namespace phaseloop {

using py::Ref;

struct LoopData;
struct NativeProtocol;
struct HandOver;
struct TaskLink;

// clang-format off
#define PHASELOOP_NAMES(X)                                                                        \
  X(ALL_COMPLETED) X(_asyncio_future_blocking) X(__self__) X(__wrapped__) X(_source_traceback) X(add_done_callback) \
  X(asyncio) X(call_exception_handler) X(call_soon) X(call_soon_threadsafe) X(cancel) X(context)                 \
  X(create_future) X(create_task) X(done) X(exception) X(extract_stack) X(future)                 \
  X(get_debug) X(get_event_loop) X(get_loop) X(handle) X(is_running) X(loop) X(message) X(name)   \
  X(result) X(send) X(set_name) X(source_traceback) X(task) X(throw_) X(warning)                   \
  X(__qualname__) X(acquire) X(append) X(cancelled) X(clear) X(locked) X(popleft) X(release) X(put_nowait) X(get_nowait)      \
  X(remove) X(notify_all) X(set) X(set_result) X(wait) X(__aexit__) X(_on_task_done) X(_on_timeout)        \
  X(__init__) X(waiter) X(_cond) X(discard) X(_check_callback) X(_check_thread) X(slow_callback_duration) X(time) X(_get_running_loop) \
  X(_attach) X(_call_connection_lost) X(_detach) X(_fatal_error) X(buffer_updated) X(connection_lost) \
  X(connection_made) X(data_received) X(datagram_received) X(error_received) X(eof_received) X(get_buffer) X(pause_writing) X(resume_writing) \
  X(set_exception) \
  X(pause_reading) X(resume_reading) X(feed_data) X(feed_eof) X(is_closing) X(write) \
  X(writelines) X(write_eof) X(can_write_eof) X(close) X(get_extra_info) X(_drain_helper) \
  X(_get_close_waiter) X(fileno) X(_ensure_fd_no_transport) X(setblocking) X(_fileno) X(_loop) X(_protocol) X(_buffer) X(_conn_lost) X(_closing) X(_serve_native) X(call_later) X(call_at) X(_call_stock_soon) X(_settle) \
  X(_timer_handle_cancelled) X(_run_once) X(Future) X(Task) X(_maybe_pause_protocol) X(_maybe_resume_protocol) X(_add_writer) X(_remove_writer) X(_remove_reader) X(_write_ready) X(_cancelled) X(_run)

// Attributes taken from asyncio when the module is initialised: X(field, module, attribute). None
// has to be there: core/stock.h says what stands in its place.
#define PHASELOOP_IMPORTS(X)                                                                 \
  X(base_future, "_asyncio", "Future")                                                       \
  X(base_task, "_asyncio", "Task")                                                           \
  X(base_handle, "asyncio.events", "Handle")                                                 \
  X(base_timer_handle, "asyncio.events", "TimerHandle")                                      \
  X(cancelled_error, "asyncio.exceptions", "CancelledError")                                 \
  X(invalid_state_error, "asyncio.exceptions", "InvalidStateError")                          \
  X(format_callback_source, "asyncio.format_helpers", "_format_callback_source")             \
  X(get_running_loop, "_asyncio", "_get_running_loop")                                       \
  X(set_running_loop, "_asyncio", "_set_running_loop")                                       \
  X(is_coroutine, "asyncio.coroutines", "iscoroutine")                                       \
  X(future_repr, "asyncio.base_futures", "_future_repr")                                     \
  X(task_repr, "asyncio.base_tasks", "_task_repr")                                           \
  X(task_get_stack, "asyncio.base_tasks", "_task_get_stack")                                 \
  X(task_print_stack, "asyncio.base_tasks", "_task_print_stack")                             \
  X(stock_sleep, "asyncio.tasks", "sleep")                                                   \
  X(stock_wait, "asyncio.tasks", "wait")                                                     \
  X(deque, "collections", "deque")                                                            \
  X(heappush, "heapq", "heappush")                                                           \
  X(heappop, "heapq", "heappop")                                                             \
  X(queue_empty, "asyncio.queues", "QueueEmpty")                                             \
  X(queue_full, "asyncio.queues", "QueueFull")                                               \
  X(stock_wait_for, "asyncio.tasks", "wait_for")                                             \
  X(stock_ensure_future, "asyncio.tasks", "ensure_future")                                   \
  X(release_waiter, "asyncio.tasks", "_release_waiter")                                      \
  X(copy_future_state, "asyncio.futures", "_copy_future_state")                              \
  X(set_concurrent_state, "asyncio.futures", "_set_concurrent_future_state")                 \
  X(chain_future, "asyncio.futures", "_chain_future")                                        \
  X(concurrent_future, "concurrent.futures", "Future")                                       \
  X(partial, "functools", "partial")                                                         \
  X(cancel_and_wait, "asyncio.tasks", "_cancel_and_wait")                                    \
  X(stock_timeout, "asyncio.timeouts", "Timeout")                                            \
  X(timeout_states, "asyncio.timeouts", "_State")                                            \
  X(timeout_error, "asyncio.exceptions", "TimeoutError")                                     \
  X(stock_condition, "asyncio.locks", "Condition")                                           \
  X(stock_semaphore, "asyncio.locks", "Semaphore")                                           \
  X(barrier_phases, "asyncio.locks", "_BarrierState")                                        \
  X(broken_barrier_error, "asyncio.exceptions", "BrokenBarrierError")                        \
  X(flow_control_mixin, "asyncio.transports", "_FlowControlMixin")                           \
  X(stock_selector_loop, "asyncio.selector_events", "BaseSelectorEventLoop")                 \
  X(stock_stream_transport, "asyncio.selector_events", "_SelectorSocketTransport")           \
  X(stock_datagram_transport, "asyncio.selector_events", "_SelectorDatagramTransport")       \
  X(buffered_protocol, "asyncio.protocols", "BufferedProtocol")                              \
  X(transport_socket, "asyncio.trsock", "TransportSocket")                                   \
  X(socket_class, "socket", "socket")                                                        \
  X(set_result_unless_cancelled, "asyncio.futures", "_set_result_unless_cancelled")          \
  X(limit_overrun_error, "asyncio.exceptions", "LimitOverrunError")                          \
  X(incomplete_read_error, "asyncio.exceptions", "IncompleteReadError")

// Our own types, made by the layers above.
#define PHASELOOP_TYPES(X) \
  X(handle_type)           \
  X(timer_handle_type)     \
  X(threadsafe_handle_type) \
  X(foreign_handle_type)   \
  X(work_call_type)        \
  X(timer_call_type)       \
  X(loop_type)             \
  X(future_type)           \
  X(task_type)             \
  X(future_iter_type)      \
  X(gathering_future_type) \
  X(operation_type)        \
  X(sleep_type)            \
  X(collected_sleep_type)  \
  X(wait_type)             \
  X(as_completed_type)     \
  X(next_completed_type)   \
  X(routine_type)          \
  X(shield_type)           \
  X(bridge_type)           \
  X(function_type)         \
  X(lock_core)             \
  X(event_core)            \
  X(semaphore_core)        \
  X(condition_core)        \
  X(barrier_core)          \
  X(queue_core)            \
  X(timeout_core)          \
  X(wait_for_release_type) \
  X(task_group_core)       \
  X(stream_transport_type) \
  X(datagram_transport_type) \
  X(listener_type) \
  X(socket_call_type) \
  X(reader_core)           \
  X(flow_core)             \
  X(stream_protocol_core)  \
  X(writer_core)

// X(field, name): the classes, and some functions and facts, that set_classes() is told.
#define PHASELOOP_CLASSES(X)                \
  X(lock_class, "Lock")                     \
  X(condition_class, "Condition")           \
  X(queue_class, "Queue")                   \
  X(lifo_queue_class, "LifoQueue")          \
  X(priority_queue_class, "PriorityQueue")  \
  X(timeout_class, "Timeout")               \
  X(eager_factory, "eager_task_factory")    \
  X(reduce_function, "reduce_function")     \
  X(shown_callbacks, "shown_callbacks")     \
  X(stream_reader_class, "StreamReader")    \
  X(stream_writer_class, "StreamWriter")    \
  X(stream_protocol_class, "StreamReaderProtocol") \
  X(stream_transport_class, "StreamTransport") \
  X(server_attaches_transports, "server_attaches_transports") \
  X(subprocess_protocol_class, "SubprocessStreamProtocol") \
  X(shield_marks_seen, "shield_marks_seen") \
  X(start_heeds_pause, "start_heeds_pause") \
  X(origin_of_call, "origin_of_call")       \
  X(origin_of_future, "origin_of_future")   \
  X(watched_names, "watched_names") \
  X(place_code, "place_code") \
  X(place_frame, "place_frame") \
  X(place_awaits, "place_awaits") \
  X(place_sleeping_zero, "place_sleeping_zero") \
  X(place_trace, "place_trace") \
  X(place_raised, "place_raised") \
  X(chain_looks_at_running_loop, "chain_looks_at_running_loop")
// clang-format on

struct State {
  PyObject_HEAD

#define PHASELOOP_FIELD(field, ...) Ref<> field;
  PHASELOOP_IMPORTS(PHASELOOP_FIELD)
#undef PHASELOOP_FIELD
#define PHASELOOP_FIELD(field) Ref<PyTypeObject> field;
  PHASELOOP_TYPES(PHASELOOP_FIELD)
#undef PHASELOOP_FIELD
  struct Names {
#define PHASELOOP_FIELD(field) Ref<> field;
    PHASELOOP_NAMES(PHASELOOP_FIELD)
#undef PHASELOOP_FIELD
  } names;
  Ref<> context_keyword;  // ("context",)
  Ref<> empty_tuple;
  Ref<> newline;                            // b"\n"
  Ref<> events_module, base_events_module;  // asyncio's
  // Until 3.13: asyncio's {loop: running task}. From 3.14: _asyncio's own functions.
  Ref<> current_tasks;
  Ref<> swap_current_task, current_task, register_task, unregister_task, add_awaited_by,
      discard_awaited_by;
  // (register_task and unregister_task are empty where asyncio has no such list.)
  Ref<> queue_shut_down;  // from 3.13
  Ref<> timeout_created, timeout_entered, timeout_expiring, timeout_exited;
  Ref<> barrier_filling, barrier_draining, barrier_resetting, barrier_broken;
  // The classes made of the cores, which Python code puts together and then tells.
#define PHASELOOP_FIELD(field, ...) Ref<> field;
  PHASELOOP_CLASSES(PHASELOOP_FIELD)
#undef PHASELOOP_FIELD
  // Stands for every loop that is not ours.
  LoopData* foreign_loop;
  HandOver* hand_over;  // see work.h

  const NativeProtocol* stream_protocol;  // what instances of stream_protocol_class do natively

  py::StopIterationSlot stop;  // of every iterator of ours

  // How the running CPython's primitives behave: maintenance releases differ.
  bool semaphore_wakes_many;  // a release lets in as many as there is room for
  bool condition_renotifies;  // who leaves wait() with an error has another notified
  bool wait_for_makes_task;   // of the coroutine; it is awaited within a timeout() otherwise

  // From 3.14: whether the running CPython lays out its thread state and asyncio.Task as the one
  // that this was built for does. Otherwise asyncio's functions are called instead; and
  // `python -m asyncio ps` shows nothing of ours.
  bool thread_state_known, base_task_known;

  // Until 3.13: called once before the first task, so that asyncio.all_tasks() looks at ours too.
  Ref<> show_tasks;

  py::FreeList handles, timer_handles, futures, tasks, gatherings, future_iters, sleeps,
      socket_calls;
  // By size: the first one's objects have one unit behind the head, and so on.
  py::FreeList routines[4];

  // Mutable, guarded by the GIL (atomics are not needed before free-threaded builds share a state).
  std::uint64_t task_names;  // how many "Task-N" were given
  std::int64_t hashes;       // how many futures and tasks were hashed
  std::uint64_t signals;     // how many signals have come that a loop handles
  TaskLink* first_task;      // until 3.13: every unfinished native task
  bool tasks_shown;          // show_tasks() has been called and not been undone
};

// A new State with everything that comes from asyncio. Empty: error set.
Ref<State> new_state() noexcept;
// The module that owns it, for PyType_FromModuleAndSpec(). Empty: error set.
Ref<> new_state_home(State& state) noexcept;

// The state that goes with one of our types or a subclass of it; null, with an error set: none
// does. For cold paths only.
State* state_of_type(PyTypeObject* type) noexcept;

// A hash for the next future or task that is asked for one. They count up, so that small sets of
// tasks iterate in the order the tasks were hashed, reproducibly from run to run.
std::int64_t next_hash(State& state) noexcept;
// The next `count` hashes start at a number that keeps a set of so many in that order whatever was
// hashed before.
void align_hashes(State& state, std::size_t count) noexcept;

}  // namespace phaseloop
