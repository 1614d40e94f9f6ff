// What a native coroutine shows of asyncio's, in whose place it stands: its name, its code, the
// line it is at, and the entries that an error leaves in its traceback.
//
// A place is a path of hops in asyncio's source, "Barrier.wait@2 Barrier._wait@0": how they are
// written is told in pyshim/phaseloop/_places.py, which finds them in the running release. The
// coroutine's own function comes first, so the path has its name, too. Paths are constants; nothing
// is found out before somebody looks or an error passes. Thread: any that holds the GIL.
#pragma once

#include "bindings/core/state.h"

namespace phaseloop {

using Place = const char*;

// __qualname__ and __name__.
Ref<> qualified_name_at(Place place) noexcept;
Ref<> name_at(Place place) noexcept;
// "<coroutine object Lock.acquire at 0x...>"
Ref<> repr_at(Place place, PyObject* self) noexcept;
// Reports, as a warning, that the coroutine was never awaited.
void warn_never_awaited(Place place, PyObject* self) noexcept;

// cr_code, cr_frame, and cr_await of one that awaits `awaited`. Empty: error set.
Ref<> code_at(State& state, Place place) noexcept;
Ref<> frame_at(State& state, Place place) noexcept;
// Where the function begins.
Ref<> first_frame_of(State& state, Place place) noexcept;
Ref<> awaits_at(State& state, Place place, Ref<> awaited) noexcept;

// The pending error passes the place: its traceback says so.
void trace_place(State& state, Place place) noexcept;
void trace_beginning(State& state, Place place) noexcept;
// The pending error was raised by one of the functions of the path: by the statement that raises
// what is called `name` (null: what is of the error's class), if there is one.
void trace_raise(State& state, Place place, const char* name = nullptr) noexcept;

// Debug mode: the interpreter notes where coroutines of `async def` are made. Those of ours are not
// made then, but asyncio's own.
inline bool notes_origins() noexcept {
  return PyThreadState_Get()->coroutine_origin_tracking_depth > 0;
}

// types.CoroutineType: what __class__ of all of them is.
Ref<> class_of_coroutines(PyObject* self) noexcept;
// __reduce_ex__() of all of them: no coroutine can be copied.
Ref<> refuse_to_reduce(PyObject* self, PyObject* protocol) noexcept;
// A frame that nothing runs. Empty: error set.
Ref<> new_frame(PyObject* code, PyObject* globals) noexcept;

}  // namespace phaseloop
