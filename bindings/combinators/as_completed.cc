#include "bindings/combinators/as_completed.h"

#include <new>

#include "bindings/combinators/children.h"
#include "bindings/combinators/timing.h"
#include "bindings/objects/base_task.h"
#include "bindings/objects/operation.h"
#include "bindings/objects/task.h"
#include "bindings/py/call.h"
#include "bindings/py/dealloc.h"
#include "bindings/py/gc.h"
#include "bindings/py/method.h"
#include "bindings/py/objects.h"
#include "bindings/py/version.h"

namespace phaseloop {
namespace {

using Begun = OperationKind::Begun;
using py::Args;

struct AsCompleted;

// What one step of the iteration gives: await it for the next result.
struct NextCompleted : Operation {
  Ref<> iteration;
  Ref<> item;  // the future handed over; None: the timeout has passed
  NextCompleted* next_consumer;
  bool resolve;  // give the future's result rather than the future
};

struct AsCompletedFields {
  PyObject_HEAD
  LoopData* data;
  Ref<> loop;
  py::Objects done;  // completed and not handed over yet, None for each the timeout cut off
  Ref<> awaiter;     // the task that is shown to wait for the futures
  NextCompleted *first_consumer, *last_consumer;  // waiting; each shared
  std::size_t left;                               // results not asked for yet
  std::size_t unfinished;                         // futures not completed yet
  Children children;

  auto refs() { return std::tie(loop, awaiter); }
};
struct AsCompleted : AsCompletedFields, Timer {};

AsCompleted& iteration_of(PyObject* self) noexcept { return *reinterpret_cast<AsCompleted*>(self); }
AsCompleted& iteration_of(Runnable& timer) noexcept {
  return static_cast<AsCompleted&>(static_cast<Timer&>(timer));
}
PyObject* object_of(AsCompleted& iteration) noexcept {
  return reinterpret_cast<PyObject*>(&iteration);
}
NextCompleted& next_of(Operation& op) noexcept { return static_cast<NextCompleted&>(op); }

// Gives `item` to whoever has waited longest, or keeps it.
int hand_over(AsCompleted& iteration, PyObject* item) noexcept {
  NextCompleted* consumer = iteration.first_consumer;
  if (consumer == nullptr) return iteration.done.append(py::borrow(item)) ? 0 : -1;
  iteration.first_consumer = consumer->next_consumer;
  if (iteration.first_consumer == nullptr) iteration.last_consumer = nullptr;
  consumer->next_consumer = nullptr;
  Ref<> share = py::steal(object_of(static_cast<Operation&>(*consumer)));
  consumer->item = py::borrow(item);
  return wake(*consumer);
}

void child_done(Runnable& work) noexcept {
  Child& child = child_of(work);
  Ref<> share = py::steal(child.parent);
  AsCompleted& iteration = iteration_of(child.parent);
  if (iteration.unfinished == 0) return;  // the timeout was first
  if (iteration.awaiter) hide_awaiting(child.future, iteration.awaiter.get());
  if (--iteration.unfinished == 0) disarm(iteration, iteration);
  if (hand_over(iteration, child.future) < 0) py::write_unraisable(child.parent);
}
constexpr WorkKind kChildKind =
    child_kind(child_done, version::kAsCompletedIsObject ? "_AsCompletedIterator._handle_completion"
                                                         : "as_completed._on_completion");

void timed_out(Runnable& work) noexcept {
  AsCompleted& iteration = iteration_of(work);
  Ref<> share = py::steal(object_of(iteration));
  for (std::size_t i = 0; iteration.awaiter && i < iteration.children.size(); ++i) {
    hide_awaiting(iteration.children[i].future, iteration.awaiter.get());
  }
  iteration.children.stop_waiting();
  for (; iteration.unfinished > 0; --iteration.unfinished) {
    if (hand_over(iteration, Py_None) < 0) return py::write_unraisable(share.get());
  }
}
void drop_timer(Runnable& work) noexcept { Ref<> share = py::steal(object_of(iteration_of(work))); }
PyObject* timer_owner(Runnable& work) noexcept { return object_of(iteration_of(work)); }
constexpr WorkKind kTimerKind{{timed_out, drop_timer}, timer_owner, nullptr};

// Asyncio's coroutine waits in a queue of those that are done.
constexpr Place kWaitsForOne = version::kAsCompletedIsObject
                                   ? "_AsCompletedIterator._wait_for_one@0 Queue.get@0"
                                   : "as_completed.<locals>._wait_for_one@0 Queue.get@0";
constexpr Place kWaitsInLoop =
    "_AsCompletedIterator.__anext__@0 _AsCompletedIterator._wait_for_one@0 Queue.get@0";
constexpr Place kTakesResult = version::kAsCompletedIsObject
                                   ? "_AsCompletedIterator._wait_for_one@call:result"
                                   : "as_completed.<locals>._wait_for_one@call:result";

// --- one result -------------------------------------------------------------------------------

Ref<> outcome(NextCompleted& next) noexcept {
  Ref<> item = std::move(next.item);
  if (item.get() == Py_None) {
    PyErr_SetNone(PyExc_TimeoutError);
    trace_raise(next.data->state, next.kind->place);
    return py::raised;
  }
  if (!next.resolve) return item;
  Ref<> value;
  switch (future_outcome(future_data(item.get()), value)) {
    case Outcome::result:
      return value;
    case Outcome::exception:
      py::raise_exception(value.get());
      trace_place(next.data->state, kTakesResult);
      return py::raised;
    case Outcome::failed:
      break;
  }
  return py::raised;
}

Begun begin(Operation& op, Ref<>& value) noexcept {
  NextCompleted& next = next_of(op);
  AsCompleted& iteration = iteration_of(next.iteration.get());
  if (!iteration.done.empty()) {
    next.item = iteration.done.take_first();
    value = outcome(next);
    return value ? Begun::returned : Begun::failed;
  }
  py::acquire(object_of(op));
  (iteration.last_consumer != nullptr ? iteration.last_consumer->next_consumer
                                      : iteration.first_consumer) = &next;
  iteration.last_consumer = &next;
  return Begun::suspended;
}

void stop_consuming(AsCompleted& iteration, NextCompleted& next) noexcept {
  NextCompleted* before = nullptr;
  for (NextCompleted* c = iteration.first_consumer; c != nullptr;
       before = c, c = c->next_consumer) {
    if (c != &next) continue;
    (before != nullptr ? before->next_consumer : iteration.first_consumer) = c->next_consumer;
    if (iteration.last_consumer == c) iteration.last_consumer = before;
    c->next_consumer = nullptr;
    Ref<> share = py::steal(object_of(static_cast<Operation&>(*c)));
    return;
  }
}

// Woken by somebody who finished the future in its place, it has nothing yet, and waits again.
Ref<> finish(Operation& op, Ref<>) noexcept {
  NextCompleted& next = next_of(op);
  if (next.item) return outcome(next);
  stop_consuming(iteration_of(next.iteration.get()), next);
  return nullptr;
}

// A result that was handed over and then not taken (the consumer was cancelled) is the next one's.
void abandon(Operation& op) noexcept {
  NextCompleted& next = next_of(op);
  if (!next.iteration) return;
  AsCompleted& iteration = iteration_of(next.iteration.get());
  stop_consuming(iteration, next);
  Ref<> item = std::move(next.item);
  if (!item || !iteration.loop) return;  // the collector has taken the iteration apart
  py::ErrorScope keep;
  const int given = iteration.first_consumer != nullptr ? hand_over(iteration, item.get())
                                                        : iteration.done.prepend(item.share()) - 1;
  if (given < 0) py::write_unraisable(object_of(op));
}

Ref<> new_next(AsCompleted& iteration, bool resolve) noexcept;

// Driven by a foreign task: a native one takes the result, and the foreign one waits for that.
Ref<> delegate(Operation& op) noexcept {
  AsCompleted& iteration = iteration_of(next_of(op).iteration.get());
  Ref<> next = new_next(iteration, next_of(op).resolve);
  if (!next) return py::raised;
  Ref<> task = new_task(*iteration.data, iteration.loop.get(), next.get(), {});
  if (!task) return py::raised;
  return py::steal(new_future_iter(task.get()));
}

int traverse_next(Operation& op, visitproc visit, void* arg) noexcept {
  Py_VISIT(next_of(op).iteration.get());
  Py_VISIT(next_of(op).item.get());
  return 0;
}
void clear_next(Operation& op) noexcept {
  next_of(op).iteration = nullptr;
  next_of(op).item = nullptr;
}

constexpr OperationKind kind_at(Place place) noexcept {
  return {place,    begin,         nullptr,    finish,  abandon,
          delegate, traverse_next, clear_next, nullptr, true};
}
constexpr OperationKind kKind = kind_at(kWaitsForOne);
// What `async for` awaits.
constexpr OperationKind kAsyncKind = kind_at(kWaitsInLoop);

Ref<> new_next(AsCompleted& iteration, bool resolve) noexcept {
  Ref<> made =
      new_operation(iteration.data->state.next_completed_type.get(), resolve ? kKind : kAsyncKind);
  if (!made) return py::raised;
  NextCompleted& next = next_of(operation(made.get()));
  next.data = iteration.data;
  next.iteration = py::borrow(object_of(iteration));
  next.resolve = resolve;
  return made;
}

// --- the iteration ----------------------------------------------------------------------------

PyObject* next(PyObject* self) noexcept {
  AsCompleted& iteration = iteration_of(self);
  if (iteration.left == 0) return nullptr;
  --iteration.left;
  return new_next(iteration, true).release();
}

PyObject* async_next(PyObject* self) noexcept {
  AsCompleted& iteration = iteration_of(self);
  if (iteration.left == 0) {
    PyErr_SetNone(PyExc_StopAsyncIteration);
    return nullptr;
  }
  --iteration.left;
  return new_next(iteration, false).release();
}

int traverse(PyObject* self, visitproc visit, void* arg) noexcept {
  AsCompleted& iteration = iteration_of(self);
  Py_VISIT(Py_TYPE(self));
  for (NextCompleted* c = iteration.first_consumer; c != nullptr; c = c->next_consumer) {
    Py_VISIT(object_of(static_cast<Operation&>(*c)));
  }
  if (int result = iteration.children.traverse(visit, arg)) return result;
  if (int result = iteration.done.traverse(visit, arg)) return result;
  return py::visit_refs(static_cast<AsCompletedFields&>(iteration), visit, arg);
}

int clear(PyObject* self) noexcept {
  AsCompleted& iteration = iteration_of(self);
  iteration.unfinished = 0;
  iteration.children.stop_waiting();
  if (iteration.armed()) disarm(iteration, iteration);
  while (NextCompleted* c = iteration.first_consumer) stop_consuming(iteration, *c);
  iteration.done.clear();
  if (iteration.children.reset()) py::clear_refs(static_cast<AsCompletedFields&>(iteration));
  return 0;
}

void dealloc(PyObject* self) noexcept {
  py::DeallocScope scope(self, dealloc);
  if (scope.postponed()) return;
  PyObject_GC_UnTrack(self);
  clear(self);
  py::free_object(self);
}

PyType_Slot slots[] = {
    {Py_tp_traverse, reinterpret_cast<void*>(traverse)},
    {Py_tp_clear, reinterpret_cast<void*>(clear)},
    {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
    {Py_tp_iter, reinterpret_cast<void*>(PyObject_SelfIter)},
    {Py_tp_iternext, reinterpret_cast<void*>(next)},
    // Until 3.12 asyncio's is a plain generator: the last two are left out.
    {version::kAsCompletedIsObject ? Py_am_aiter : 0,
     version::kAsCompletedIsObject ? reinterpret_cast<void*>(PyObject_SelfIter) : nullptr},
    {version::kAsCompletedIsObject ? Py_am_anext : 0,
     version::kAsCompletedIsObject ? reinterpret_cast<void*>(async_next) : nullptr},
    {0, nullptr}};
PyType_Spec spec = {"phaseloop._native._AsCompletedIterator", sizeof(AsCompleted), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                    slots};

int start(AsCompleted& iteration, py::Objects& futures, PyObject* timeout,
          double seconds) noexcept {
  PyObject* self = object_of(iteration);
  if (iteration.children.make(kChildKind, self, futures) < 0) return -1;
  iteration.left = iteration.unfinished = iteration.children.size();
  for (std::size_t i = 0; i < iteration.children.size(); ++i) {
    if (iteration.children.wait(i) < 0) return -1;
    if (iteration.awaiter) show_awaiting(iteration.children[i].future, iteration.awaiter.get());
  }
  if (timeout == Py_None || iteration.left == 0) return 0;
  return arm_after(*iteration.data, self, iteration, seconds);
}

// Empty without an error: not ours to judge.
Ref<> as_completed_natively(LoopData& data, PyObject* fs, PyObject* timeout) noexcept {
  double seconds = 0;
  if (timeout != Py_None && !as_seconds(timeout, seconds)) return nullptr;
  Ref<> items;
  if (PyList_CheckExact(fs) || PyTuple_CheckExact(fs)) {
    items = py::borrow(fs);
  } else if (PyAnySet_CheckExact(fs)) {
    items = py::steal(PySequence_List(fs));
    if (!items) return py::raised;
  } else {
    return nullptr;
  }
  Ref<> loop = py::borrow(data.object);
  const Wanted wanted{.coroutines = true, .unique = true, .log_destroy_pending = true};
  py::Objects futures;
  if (native_futures(data, loop.get(), PySequence_Fast_ITEMS(items.get()),
                     static_cast<std::size_t>(PySequence_Fast_GET_SIZE(items.get())), wanted,
                     futures) <= 0) {
    return nullptr;
  }
  PyTypeObject* type = data.state.as_completed_type.get();
  Ref<> made = py::steal(type->tp_alloc(type, 0));
  if (!made) return py::raised;
  AsCompleted& iteration = iteration_of(made.get());
  ::new (static_cast<Timer*>(&iteration)) Timer(kTimerKind);
  iteration.data = &data;
  iteration.loop = std::move(loop);
  if (version::kTasksInThreadState) iteration.awaiter = py::borrow(stepping.task);
  if (start(iteration, futures, timeout, seconds) < 0) return py::raised;
  return made;
}

}  // namespace

Ref<> as_completed(PyObject*, Args args) noexcept {
  PyObject *fs = nullptr, *timeout = Py_None;
  if (!py::fits({.function = "as_completed", .positional_max = 1, .required = 1}, args,
                {{"fs", &fs}, {"timeout", &timeout}})) {
    return nullptr;
  }
  LoopData* data = driving_loop();
  if (data == nullptr || notes_origins()) return nullptr;
  return as_completed_natively(*data, fs, timeout);
}

Ref<PyTypeObject> new_as_completed_type(PyObject* module) noexcept {
  return py::steal(
      reinterpret_cast<PyTypeObject*>(PyType_FromModuleAndSpec(module, &spec, nullptr)));
}

Ref<PyTypeObject> new_next_completed_type(State& state, PyObject* module) noexcept {
  return derive_operation_type(state, module, "phaseloop._native._NextCompleted",
                               sizeof(NextCompleted));
}

}  // namespace phaseloop
