// Futures of any kind, ours or not: what asyncio's own code does with `loop.create_future()` and
// what comes of it.
//
// Thread: that of the future's loop. Everything may run Python code if the future or its loop is
// not ours.
#pragma once

#include "bindings/core/state.h"
#include "bindings/py/ref.h"

namespace phaseloop {

// loop.create_future().
Ref<> create_future(State& state, PyObject* loop) noexcept;

// 1, 0 or -1.
int is_done(State& state, PyObject* future) noexcept;
int is_cancelled(State& state, PyObject* future) noexcept;
// future.set_result(value): 0, or -1 with its error.
int set_result(State& state, PyObject* future, PyObject* value) noexcept;
// future.set_exception(exception).
int set_exception(State& state, PyObject* future, PyObject* exception) noexcept;
// future.set_result(value), if it is not done yet: 1; it is: 0; -1: error.
int wake_future(State& state, PyObject* future, PyObject* value) noexcept;
// The deques are attributes that Python code may replace, empty or fill with anything: whatever is
// there is used by its methods, as asyncio's own code does it, and owned meanwhile.
//
// Wakes up to `count` (negative: all) of those in the deque that wait still, oldest first. How
// many, or -1. No deque (null or None): nobody.
Py_ssize_t wake_futures(State& state, PyObject* deque, Py_ssize_t count, PyObject* value) noexcept;
// deque.remove(future); null: of None. 0, or -1 with an error set.
// As in `finally`: a pending error stays, or becomes the context of the new one.
int remove_future(State& state, PyObject* deque, PyObject* future) noexcept;

}  // namespace phaseloop
