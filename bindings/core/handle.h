// Handle and TimerHandle: a callback scheduled on a native loop.
//
// They derive from asyncio's own classes and keep callback, arguments and context in the slots that
// those declare, so that repr, ordering, attributes and isinstance are asyncio's by construction.
// What is ours sits behind: the loop, the queue link, the heap's slot.
//
// Python code may replace or delete any of those slots at any time. They are looked at when they
// are used, as asyncio's own code does it, and nothing else depends on them.
#pragma once

#include "bindings/core/loop_data.h"
#include "runtime/base/runnable.h"
#include "runtime/loop/timer_heap.h"

namespace phaseloop {

// The slots of asyncio.Handle, in the order in which CPython lays them out (by name). A class
// that lays them out otherwise is not derived from.
struct HandleSlots {
  PyObject_HEAD
  Ref<> args;
  Ref<> callback;
  Ref<> cancelled;  // a bool
  Ref<> context;
  Ref<> loop;
  Ref<> repr;
  Ref<> source_traceback;
#if PY_VERSION_HEX < 0x030c0000
  PyObject* weak_references;
#endif

  auto refs() { return std::tie(args, callback, cancelled, context, loop, repr, source_traceback); }
};

// The loop that the handle was made for, whatever `_loop` says. Not cleared before the handle goes.
struct Home {
  Ref<> home;
  LoopData& data() const noexcept { return *reinterpret_cast<Loop*>(home.get())->data; }
};

struct Handle : HandleSlots, Home, Runnable {};

struct TimerHandleSlots : HandleSlots {
  Ref<> scheduled;  // a bool
  Ref<> when;       // a float, seconds

  auto refs() { return std::tuple_cat(HandleSlots::refs(), std::tie(scheduled, when)); }
};

struct TimerHandle : TimerHandleSlots, Home, Timer {};

// Takes what it is given; `context` may be empty: a copy of the current one. Not scheduled yet.
Ref<Handle> new_handle(LoopData& data, PyObject* callback, Ref<> args, PyObject* context) noexcept;
Ref<TimerHandle> new_timer_handle(LoopData& data, Ref<> when, PyObject* callback, Ref<> args,
                                  PyObject* context) noexcept;

// Runs a callback as asyncio's Handle._run() does: in its context, reporting what it raises. Not
// scheduled by this; used for handles that are run again and again (readers, writers, signals).
// REQUIRES: the caller owns the handle, and the loop of `data`.
void run_handle(HandleSlots& handle, LoopData& data) noexcept;
bool is_cancelled(const HandleSlots& handle) noexcept;

// What every kind of handle is made of and does; `self` is the handle.
int fill_handle(HandleSlots& handle, Home& home, LoopData& data, PyObject* callback, Ref<> args,
                PyObject* context) noexcept;
int cancel_handle(HandleSlots& handle, const Home& home, PyObject* self) noexcept;

// callback(*args) in `context`, which is left before this returns. Empty: what the callback raised.
Ref<> call_in_context(PyObject* context, PyObject* callback, PyObject* const* args,
                      std::size_t count) noexcept;

Ref<PyTypeObject> new_handle_type(State& state, PyObject* module) noexcept;
Ref<PyTypeObject> new_timer_handle_type(State& state, PyObject* module) noexcept;
// Before the types are made: asyncio's classes, if they are laid out as HandleSlots and
// TimerHandleSlots; otherwise classes that are (core/stock.h). 0 or -1.
int take_handle_classes(State& state) noexcept;

}  // namespace phaseloop
