// Loops that run asyncio's own code, and what of a native loop Python code may look at.
//
// A loop whose class or object has a method of the program's own in the place of one that native
// code goes around (call_soon(), time(), _run_once() ...) runs asyncio's own code, which calls
// every method as asyncio does. `_ready`, `_scheduled` and `_selector` are then what they are in
// asyncio. A loop can come to that in the middle of a run, as the program patches it: hand_over()
// gives what was scheduled to asyncio's code, and what cannot leave the native queues (transports,
// socket calls, combinators under way) is served from there: serve_native() is a reader of the
// poller's own descriptor. There is no way back.
//
// Everything here is a method of the loop. Thread: the loop's.
#pragma once

#include "bindings/core/loop_data.h"
#include "bindings/py/args.h"

namespace phaseloop {

// Which version of its class the loop has: an int, or None if changes of it cannot be noticed.
Ref<> class_version(PyObject* self) noexcept;
// trust(version, overrides_create_future, overrides_create_task): the class of that version has
// been looked at, and the object. Native code may go around the loop's methods until either
// changes.
Ref<> trust(PyObject* self, py::Args args) noexcept;
// The loop looks at itself before the next iteration, and is native until then.
Ref<> look_again_soon(PyObject* self) noexcept;
// The methods for object attributes: some names make the loop look at itself again.
Ref<> set_attribute(PyObject* self, py::Args args) noexcept;
Ref<> delete_attribute(PyObject* self, PyObject* name) noexcept;

// A list of the handles of what is ready, made where there are none yet.
Ref<> ready_handles(PyObject* self) noexcept;
// A list of the handles of all timers, soonest first.
Ref<> timer_handles(PyObject* self) noexcept;
// _hand_over(ready, timers, watches): what the loop has leaves it for the lists: handles, handles
// of timers, and (fd, reader, writer). After an error the next call goes on with what is left.
Ref<> hand_over(PyObject* self, py::Args args) noexcept;
// From now on the loop runs asyncio's code; after an error it does not.
Ref<> enter_stock_mode(PyObject* self) noexcept;
Ref<> serve_native(PyObject* self) noexcept;
Ref<> poller_descriptor(PyObject* self) noexcept;
// Virtual time jumps by so many seconds.
Ref<> advance_time(PyObject* self, PyObject* seconds) noexcept;
// Every descriptor that is watched, for a transport or by a reader, writer or socket call: a list.
Ref<> watched_descriptors(PyObject* self) noexcept;

// asyncio's method of that name, called on the loop.
Ref<> call_stock_method(LoopData& data, PyObject* name, py::Args args) noexcept;
// Whether asyncio would make an object of the class that stands under this name in its own module,
// and that is neither asyncio's nor ours. 1, 0, or -1 with an error set.
int class_replaced(State& state, const char* module, PyObject* name) noexcept;

// Before an iteration: 1 if the loop still is native, 0 if it has changed to asyncio's code, -1
// with an error set.
int still_native(LoopData& data) noexcept;

}  // namespace phaseloop
