// FlowControlMixin's native part: what a protocol knows about whether writing is to pause.
//
// Thread: the loop's.
#pragma once

#include "bindings/core/loop_data.h"
#include "bindings/routine/routine.h"
#include "bindings/streams/reader.h"

namespace phaseloop {

struct FlowCore {
  PyObject_HEAD
  Ref<> loop;
  Ref<> drain_waiters;  // a deque of futures; none yet, as long as nobody waited or looked
  State* state;         // once asked for: of its type, which keeps it alive
  bool paused, connection_lost;
  Shape shape;

  auto refs() { return std::tie(loop, drain_waiters); }
};

inline FlowCore& flow_of(PyObject* self) noexcept { return *reinterpret_cast<FlowCore*>(self); }
inline PyObject* object_of(FlowCore& flow) noexcept { return reinterpret_cast<PyObject*>(&flow); }

// The class overrides nothing that the native methods rely on, theirs and StreamWriter's.
bool is_plain(State& state, FlowCore& flow) noexcept;

// Whoever drains has to wait, on a future that is among the waiters now. Empty without an error:
// nobody has to. With one: the connection is lost.
Ref<> begin_draining(State& state, FlowCore& flow) noexcept;
// The waiting has ended. 0 or -1; keeps a pending error.
int end_draining(State& state, FlowCore& flow, PyObject* future) noexcept;

// pause_writing() and resume_writing() where there is nothing to assert and nothing to log.
bool may_pause(FlowCore& flow, State& state) noexcept;
bool may_resume(FlowCore& flow, State& state) noexcept;
int resume_writing(State& state, FlowCore& flow) noexcept;

}  // namespace phaseloop
