// Work of the binding layer, and how to schedule it on any loop.
//
// A share in a piece of work is a strong reference to the Python object it is embedded in.
#pragma once

#include "bindings/core/loop_data.h"
#include "bindings/py/ref.h"
#include "runtime/base/runnable.h"

namespace phaseloop {

// What every Runnable of the binding layer can do beyond running.
struct WorkKind : Runnable::Kind {
  // The object the work belongs to; borrowed. Null: none (the loop's own work).
  PyObject* (*owner)(Runnable&) noexcept;
  // Schedules on a loop that is not ours through its call_soon(): 0, or -1 with an error set.
  // The share is passed on or given back in either case. Null: for native loops only; where
  // asyncio's own code runs such a loop, the work stays in the native queue, which that code
  // serves.
  int (*call_foreign)(Runnable&, PyObject* loop) noexcept;
  // Visits what a share keeps alive. Null: just the owner.
  int (*visit)(Runnable&, visitproc, void*) noexcept = nullptr;
  // What "Executing … took … seconds" names. Null: the owner, if there is one.
  Ref<> (*describe)(Runnable&) noexcept = nullptr;
  // The callback of asyncio.tasks that the work does the job of: "gather._done_callback". If there
  // are more, with a space between them.
  const char* stands_for = nullptr;
  // Instead of run(), when a foreign loop has entered the work's context already: an error that is
  // the loop's business escapes from State::foreign_loop. Null: run().
  void (*run_entered)(Runnable&) noexcept = nullptr;
};

inline const WorkKind& work_kind(const Runnable& work) noexcept {
  return static_cast<const WorkKind&>(work.kind());
}

// Schedules `work`, whose share the caller has acquired, on the loop. 0, or -1 with an error set
// ("Event loop is closed" and what a foreign call_soon raises); the share is gone in either case.
int schedule(LoopData& data, PyObject* loop, Runnable& work) noexcept;

// 0, or -1 with RuntimeError("Event loop is closed").
int check_closed(const LoopData& data) noexcept;

// In debug mode: 0, or -1 with RuntimeError if another thread than the loop's is asking.
int check_thread(const LoopData& data) noexcept;

// Makes sure that what is in the native queues is run soon, if asyncio's own code runs the loop. 0,
// or -1 with what call_soon() raised.
int serve_later(LoopData& data) noexcept;

// loop.call_soon(callback, *args, context=context) for work that leaves the native queue. 0 or -1.
int call_soon_python(State& state, PyObject* loop, PyObject* callback, Ref<> args,
                     PyObject* context) noexcept;

// For call_foreign: passes a callable that runs `work`, and `context` to run it in, to
// loop.call_soon(). `method` is the callable's __name__ as asyncio's own would show it.
int call_soon_foreign(State& state, PyObject* loop, Runnable& work, PyObject* context) noexcept;

// What Future._callbacks shows for work of a kind that stands for callbacks of asyncio's: a tuple
// with at least one. `owner`: the work's.
Ref<> shown_callbacks(State& state, const WorkKind& kind, PyObject* owner) noexcept;
Ref<> shown_callbacks(State& state, const char* stands_for, PyObject* owner) noexcept;

// `exception` came out of work whose failure is the loop's business: KeyboardInterrupt and
// SystemExit end the run; on a foreign loop everything is raised to it; the rest is reported to
// call_exception_handler() as of a callback. `handle` is what stands for the work there.
void callback_failed(LoopData& data, PyObject* loop, PyObject* callback, PyObject* args,
                     PyObject* handle, Ref<> exception) noexcept;

// loop.call_exception_handler({"message": …, "exception": …, key: subject, …}). An error in the
// handler itself is unraisable. Null values are left out.
struct Report {
  PyObject* message;
  PyObject* exception;
  PyObject* subject_key;
  PyObject* subject;
  PyObject* source_traceback;
};
void report(State& state, PyObject* loop, const Report& report) noexcept;

// Visits what one share in `work` keeps alive: for the tp_traverse of whoever holds that share.
int visit_share(Runnable& work, visitproc visit, void* arg) noexcept;
// The same for everything scheduled.
int visit_scheduled(EventLoop& events, visitproc visit, void* arg) noexcept;

Ref<PyTypeObject> new_work_call_type(PyObject* module) noexcept;

}  // namespace phaseloop
