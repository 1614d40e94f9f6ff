// What asyncio's primitives have in common: the loop they are first used on, and a deque of futures
// of those who wait.
//
// Each primitive of ours is the C part ("core") of a class that derives from it and from asyncio's
// own class of that name. The deque is a real one and every attribute is there under asyncio's
// private name, so what is not overridden here is asyncio's own code at work. The futures are the
// loop's, so that everything also runs on foreign loops.
//
// Thread: the loop's.
#pragma once

#include "bindings/core/loop_data.h"
#include "bindings/objects/any_future.h"
#include "bindings/py/ref.h"

namespace phaseloop {

struct LoopBound {
  PyObject_HEAD
  Ref<> loop;     // None until first used
  Ref<> waiters;  // None, or a deque of futures
};
template <class Core>
PyObject* object_of(Core& core) noexcept {
  return reinterpret_cast<PyObject*>(&core);
}

// The running loop, which from now on is the primitive's. Empty: RuntimeError, it is another one's.
Ref<> bind_to_loop(State& state, LoopBound& self) noexcept;
// A future of that loop, last among the waiters.
Ref<> add_waiter_future(State& state, LoopBound& self) noexcept;
// The same in another deque of the primitive's, made if it is None.
Ref<> add_future_to(State& state, LoopBound& self, Ref<>& deque) noexcept;
// Does anybody wait? 1, 0 or -1: whether what is in the deque's place is true.
int anybody_in(State& state, const Ref<>& deque) noexcept;
// The future that has waited longest. Empty, with an error: there is none.
Ref<> first_in(State& state, const Ref<>& deque) noexcept;

}  // namespace phaseloop
