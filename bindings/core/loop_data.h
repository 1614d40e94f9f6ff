// A loop as the layers below its Python type see it: where to schedule, and what the run is about.
//
// Owner: the Loop object (`object`), whose fields these are; State::foreign_loop stands for all
// loops that are not ours and has no object. Whoever keeps a LoopData* keeps its loop alive.
// Thread: the loop's, under the GIL or its equivalent.
#pragma once

#include <climits>
#include <memory>

#include "bindings/core/state.h"
#include "bindings/py/error.h"
#include "bindings/py/ref.h"
#include "runtime/base/clock.h"
#include "runtime/base/fd_table.h"
#include "runtime/loop/event_loop.h"
#include "runtime/loop/poller.h"

namespace phaseloop {

struct LoopIo;  // bindings/loop: poller, watched descriptors
struct Descriptor;

struct LoopData {
  LoopData(State& own_state, PyObject* loop) noexcept
      : state(own_state), object(loop), probe(loop != nullptr ? loop : Py_None) {}

  // Whether native code may schedule on it directly. If not, everything goes through the loop's
  // Python methods: it is not ours, or its class or the object has methods of the program's own, or
  // the class has changed since settle_plain() was told that it has none. The comparison notices
  // every change to the class, its bases and `__class__` at once, without a hook in any of them.
  bool native() const noexcept { return Py_TYPE(probe)->tp_version_tag == plain_version; }
  // Direct scheduling ends until settle_plain() is called again.
  void doubt() noexcept { plain_version = kNoVersion; }
  bool running() const noexcept { return thread != 0; }
  bool runs_in_this_thread() const noexcept {
    return running() && thread == PyThread_get_thread_ident();
  }

  // An error that nobody below the runner may handle: ends the iteration and is raised out of the
  // run, or out of the foreign loop's callback.
  void escape(Ref<> exception) noexcept;

  // No type ever has this version.
  static constexpr unsigned kNoVersion = UINT_MAX;

  // Constant after construction.
  State& state;
  PyObject* const object;  // null: stands for all loops that are not ours
  PyObject* const probe;   // `object`, or some object in its place
  // The loop's thread.
  EventLoop* events = nullptr;  // null: foreign, or closed
  Poller* poller = nullptr;  // null: foreign. May be closed: then nothing can be watched any more
  Descriptor* descriptors = nullptr;    // those in whose objects the loop has a share
  std::unique_ptr<char[]> read_buffer;  // what transports read into; made when the first does
  FdTable<PyObject> transports;         // the live transport of each descriptor, borrowed
  Ref<> escaped;
  unsigned long thread = 0;  // that of the run under way
  int runs = 0;              // of the loop, one within the other
  bool closed = false;
  bool debug = false;
  bool overrides_create_future = false;
  bool overrides_create_task = false;
  bool stock = false;                // runs asyncio's own code, see stock_mode.h
  bool serves_later = false;         // stock: what is native has been scheduled to run
  bool runs_until_stopped = false;   // for the next _run_once()
  bool current_task_stands = false;  // see current_task.h
  Ref<> task_factory;
  unsigned plain_version = kNoVersion;   // of the loop's type, see native()
  unsigned handle_version = kNoVersion;  // of the type of handles, when settle_plain() was called
};

// While a loop hands its work over: the handles, made here instead of by a call of call_soon().
// `handles` is borrowed.
struct HandOver {
  LoopData* data = nullptr;
  PyObject* handles = nullptr;  // a list
};

// The native data of `loop` if native code may schedule on it; that which stands for foreign loops
// otherwise.
LoopData& loop_data(State& state, PyObject* loop) noexcept;
// The data of `loop` in any case; null if it is not ours.
LoopData* own_data(State& state, PyObject* loop) noexcept;

// The Python type's layout. Its slots and methods are in bindings/loop.
struct Loop {
  PyObject_HEAD
  LoopData* data;
  LoopIo* io;
};

// asyncio's seconds, a double, and the clock's nanoseconds. A deadline is never before `seconds`:
// when it has passed, to_seconds(now) >= seconds. Far beyond what the clock can show it is clamped.
Instant to_deadline(double seconds) noexcept;
double to_seconds(Instant instant) noexcept;
// The same for a time on the loop's clock as asyncio takes it: any object that compares with floats
// and has a float's value. False: error set, in asyncio's words, which asyncio finds out only when
// it compares timers. A value that is no number (NaN) compares with nothing: asyncio's heap leaves
// it behind what is due before, and so does the deadline.
bool read_deadline(LoopData& data, PyObject* when, Instant& deadline) noexcept;

}  // namespace phaseloop
