// A loop as the layers below its Python type see it: where to schedule, and what the run is about.
//
// Owner: the Loop object (`object`), whose fields these are; State::foreign_loop stands for all
// loops that are not ours and has no object. Whoever keeps a LoopData* keeps its loop alive.
// Thread: the loop's, under the GIL or its equivalent.
#pragma once

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
  LoopData(State& own_state, PyObject* loop) noexcept : state(own_state), object(loop) {}

  // We schedule on it ourselves; otherwise through its Python call_soon().
  bool native() const noexcept { return object != nullptr; }
  bool running() const noexcept { return thread != 0; }

  // An error that nobody below the runner may handle: ends the iteration and is raised out of the
  // run, or out of the foreign loop's callback.
  void escape(Ref<> exception) noexcept;

  // Constant after construction.
  State& state;
  PyObject* const object;
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
  bool overridden = false;  // a Python subclass replaced call_soon()
  bool overrides_create_future = false;
  bool overrides_create_task = false;
  bool overrides_time = false;
  bool current_task_stands = false;  // see current_task.h
  Ref<> task_factory;
};

// The native data of `loop`, or that which stands for foreign loops.
LoopData& loop_data(State& state, PyObject* loop) noexcept;

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

}  // namespace phaseloop
