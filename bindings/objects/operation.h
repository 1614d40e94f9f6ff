// What is awaited once and never seen: a sleep, a wait over futures.
//
// An operation looks like the coroutine that asyncio has in its place (send, throw, close, await)
// but has no frame and needs no future: when a native task awaits it, it hands itself to the task,
// which leaves its waiter here. Driven by anything else it becomes asyncio's own coroutine
// ("delegate"), so that foreign tasks and loops get exactly what they would without us.
//
// asyncio's coroutine would wait for a future. Whoever looks for it (`task._fut_waiter`, a program
// that sends into the coroutine itself) gets one: it is made at that moment, takes the task's
// waiter over, and the operation finishes it instead of waking the task (future_in_place).
//
// The coroutine and the wait are two things: a program may close the coroutine behind its task's
// back. The operation is finished then, and keeps the waiter, so that the task can be cancelled, as
// asyncio's future would.
//
// Life: created -> suspended -> woken -> finished; or created -> delegated. `running` while it is
// resumed. Thread: the loop's.
#pragma once

#include "bindings/core/loop_data.h"
#include "bindings/objects/coroutine_face.h"
#include "bindings/py/ref.h"
#include "runtime/base/stack.h"
#include "runtime/task/waiter.h"

namespace phaseloop {

struct Operation;
struct TaskData;

// What distinguishes one kind of operation from another.
struct OperationKind {
  Place place;  // where asyncio's coroutine waits: its name, too
  enum class Begun { suspended, yielded_none, returned, failed, not_ours };
  // First send from a native task: `op.data` and `op.loop` are set. returned: `value` is the
  // result. not_ours: nothing was begun, and the arguments are for asyncio's own function to judge.
  Begun (*begin)(Operation& op, Ref<>& value) noexcept;
  // What asyncio's future would be finished with: its result, or empty with its exception set.
  // Null: None.
  Ref<> (*outcome)(Operation& op) noexcept;
  // After the task was woken without an error: the result. `outcome` is that of the future, which
  // anybody who has it may have finished. Empty without an error: the operation has to wait again.
  // Null: the outcome is the result.
  Ref<> (*finish)(Operation& op, Ref<> outcome) noexcept;
  // Takes back whatever would still wake the operation. Runs in any state, any number of times.
  void (*abandon)(Operation& op) noexcept;
  // asyncio's coroutine for the same call.
  Ref<> (*delegate)(Operation& op) noexcept;
  int (*traverse)(Operation& op, visitproc visit, void* arg) noexcept;
  void (*clear)(Operation& op) noexcept;
  // Where it has yielded None.
  Place place_of_bare = nullptr;
  // asyncio's coroutine cancels its future if it leaves the wait by an error.
  bool cancels_future = false;
  // Of kinds that are not collected: the loop's structures hold it, so that they show what it
  // holds.
  bool (*is_kept_by_loop)(Operation& op) noexcept = nullptr;
  // Of kinds with a free list: the memory of one that was begun on a loop and is cleared now goes
  // there. False: it is to be freed.
  bool (*recycle)(Operation& op) noexcept = nullptr;
};

struct Operation {
  PyObject_HEAD
  const OperationKind* kind;
  LoopData* data;
  Ref<> loop;
  Ref<> stand_in;  // delegated: asyncio's coroutine; suspended: the future, if somebody looked
  Ref<> cancel_message;
  Waiter* waiter;  // a task's, with its share
  PyObject* weak_references;
  enum class Phase : unsigned char {
    created,
    running,
    suspended,
    woken,
    finished,
    delegated
  } phase;
  bool cancelled;
  bool yielded;  // to nobody who has taken it yet
  bool bare;     // has yielded None, as a generator does, and waits for nothing
};

// The task's side. attach: the waiter's share, which the caller has acquired, passes over; false if
// the operation was not handed over by `await`.
bool attach(Operation& op, Waiter& waiter) noexcept;
// Undoes attach(), if the waiter is still here, and gives the share back.
void detach(Operation& op, Waiter& waiter) noexcept;
// Waits: nobody has woken it, nor finished the future in its place.
bool waits(Operation& op) noexcept;
// asyncio's future in the place of the operation that `awaiter` waits for: pending, with the task's
// waiter, or done if the task has been woken. The task then waits for that. Empty: error set.
Ref<> future_in_place(Operation& op, TaskData& awaiter) noexcept;
// What a send() made by Python code gives: an operation that was yielded shows its future.
Ref<> yielded_to_python(State& state, Ref<> value) noexcept;
// The future that cr_await would wait for: in its place if it is pending. Empty: error set.
Ref<> awaited_future(Operation& op) noexcept;
// Schedules the waiting task; does nothing if the operation is not suspended. 0, or -1 with an
// error set (the loop is closed).
int wake(Operation& op) noexcept;
// The same from the loop's own work, where an error has no caller to go to.
void wake_from_loop(Operation& op) noexcept;
// As Future.cancel(): 1: a task still waited; 0: none did; -1: error.
int cancel(Operation& op, PyObject* message) noexcept;
// The CancelledError to throw into the task, or empty without an error set.
Ref<> cancellation(Operation& op) noexcept;

inline bool is_operation(State& state, PyTypeObject* type) noexcept {
  return type->tp_base == state.operation_type.get();
}
// What create_task() and the like take without asking asyncio.iscoroutine(): exact coroutines,
// operations and routines. Everything else that is a coroutine is for that function to judge.
inline bool is_known_coroutine(State& state, PyObject* object) noexcept {
  PyTypeObject* type = Py_TYPE(object);
  return PyCoro_CheckExact(object) || is_operation(state, type) || type == state.routine_type.get();
}
inline Operation& operation(PyObject* self) noexcept { return *reinterpret_cast<Operation*>(self); }
inline PyObject* object_of(Operation& op) noexcept { return reinterpret_cast<PyObject*>(&op); }

// The attributes that it has for those who look.
extern PyGetSetDef operation_attributes[];

// A new instance of one of the types below operation_type.
Ref<> new_operation(PyTypeObject* type, const OperationKind& kind) noexcept;
// The same of an object fresh from a free list; an empty one stays empty.
Ref<> begin_operation(Ref<> made, const OperationKind& kind) noexcept;
Ref<PyTypeObject> new_operation_type(PyObject* module) noexcept;
// `collected`: instances take part in garbage collection. One that holds nothing but its loop and
// its task's waiter need not: the loop shows what it holds (visit_through) as long as the loop
// would wake it, the task (visit_orphan) if the loop has dropped it. So the collector has an object
// less to look at for every sleeping task.
Ref<PyTypeObject> derive_operation_type(State& state, PyObject* module, const char* name,
                                        std::size_t size, bool collected = true) noexcept;
// The loop has dropped an operation that is not collected: its future stays pending for ever, and
// is for those who look at it alone.
void forget_future(Operation& op) noexcept;
// For the share of an operation's timer: visits the operation or, if it is not collected, what it
// keeps alive.
int visit_through(Operation& op, visitproc visit, void* arg) noexcept;
// For the task that awaits it.
int visit_orphan(Operation& op, visitproc visit, void* arg) noexcept;

// The native task whose step is under way in this thread, and its loop. Set by the step itself; it
// is the running task as long as asyncio says so too (a foreign task may be stepped inside).
struct Stepping {
  PyObject* task = nullptr;
  LoopData* data = nullptr;  // null on a foreign loop: operations delegate there
};
PHASELOOP_EARLY_TLS extern thread_local constinit Stepping stepping;

// The native loop on which a native task is running now, or null.
LoopData* driving_loop() noexcept;

}  // namespace phaseloop
