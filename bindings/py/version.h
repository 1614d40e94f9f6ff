// What differs between the CPython versions, as constants: the only header that reads
// PY_VERSION_HEX for a difference in behaviour. (API spellings that changed hide in error.cc and
// gen.h.)
#pragma once

#include <Python.h>

namespace phaseloop::version {

// asyncio keeps the running task in the thread state and all tasks in a per-thread list; before,
// in a dict and a WeakSet that are reachable from Python.
inline constexpr bool kTasksInThreadState = PY_VERSION_HEX >= 0x030e0000;
// Task(eager_start=), Task.get_context().
inline constexpr bool kEagerTasks = PY_VERSION_HEX >= 0x030c0000;
// set_exception(StopIteration) stores a RuntimeError caused by it instead of refusing.
inline constexpr bool kStopIterationStored = PY_VERSION_HEX >= 0x030d0000;
// uncancel() to zero takes an undelivered cancellation back.
inline constexpr bool kUncancelForgives = PY_VERSION_HEX >= 0x030d0000;
// Task names are formatted when first asked for.
inline constexpr bool kLazyTaskNames = PY_VERSION_HEX >= 0x030c0000;
// loop.create_task() hands any keyword to the task or its factory.
inline constexpr bool kFactoryTakesKeywords = PY_VERSION_HEX >= 0x030d0300;
inline constexpr bool kCreateTaskNamesInside = PY_VERSION_HEX >= 0x030e0000;
// gather() counts a child that is done already at once, without a hop through the loop.
inline constexpr bool kGatherCountsDoneAtOnce = PY_VERSION_HEX >= 0x030c0000;
// as_completed() returns an object that iterates both ways; before, a generator.
inline constexpr bool kAsCompletedIsObject = PY_VERSION_HEX >= 0x030d0000;
// call_soon_threadsafe() returns a handle that other threads may cancel.
inline constexpr bool kThreadSafeHandles = PY_VERSION_HEX >= 0x030e0000;
// A StopIteration that is thrown at an await is taken for the end of what is awaited.
inline constexpr bool kStopIterationEndsAwait = PY_VERSION_HEX >= 0x030c0000;
// One that is thrown into a coroutine that has not begun comes out as it is: no frame converts it.
inline constexpr bool kUnbegunPassesStopIteration = PY_VERSION_HEX >= 0x030c0000;
// throw() of a coroutine that runs or has ended says so whatever it is given; before, what is no
// exception is found first.
inline constexpr bool kThrowLooksAtStateFirst = PY_VERSION_HEX >= 0x030f0000;
// Futures refuse a second __init__.
inline constexpr bool kStrictInit = PY_VERSION_HEX >= 0x030f0000;
// StreamReader.readuntil() takes a tuple of separators.
inline constexpr bool kReadUntilTakesTuples = PY_VERSION_HEX >= 0x030d0000;
// A StreamReaderProtocol has a StreamWriter from the start on, None until one is made.
inline constexpr bool kProtocolHasWriter = PY_VERSION_HEX < 0x030d0000;
// It has None in its place once the connection is lost.
inline constexpr bool kProtocolForgetsWriter = PY_VERSION_HEX < 0x030f0000;
// transport.writelines() calls len() of each line.
inline constexpr bool kWritelinesAsksLength = PY_VERSION_HEX >= 0x030f0000;

// A task's context must be a contextvars.Context; where that is not checked, the first step fails.
// It came to 3.13 in a maintenance release and to 3.15, so the running version decides.
inline bool checks_task_context() noexcept {
  return Py_Version >= 0x030f0000 || (Py_Version >= 0x030d0600 && Py_Version < 0x030e0000);
}

}  // namespace phaseloop::version
