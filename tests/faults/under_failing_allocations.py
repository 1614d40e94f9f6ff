"""Runs a program while one allocation fails: the first, the second, and so on.

    under_failing_allocations.py RUNTIME WHOSE PROGRAM FIRST STEP [LAST]

RUNTIME: asyncio, or native (phaseloop installed). WHOSE: the interpreter's allocations
(_testcapi.set_nomemory), or the module's own (failing_allocations.c, preloaded). For every STEP-th
allocation from FIRST on, until the program ends before it fails, a forked child runs the program
and prints a line of JSON:

    start     which allocation failed, counted from 0
    outcome   what came of the program: an exception's name, or null
    told      names of the exceptions of which the exception handler and its like heard
    problems  what should not be; [] if all is well
    end       0, or the signal that ended the child; SIGALRM: it hung
    traceback where it was then
"""

import _testcapi
import asyncio
import contextlib
import ctypes
import dis
import faulthandler
import gc
import io
import json
import logging
import os
import re
import signal
import sys
import tempfile
import threading
import traceback
import types
import warnings

import memory_network_programs  # noqa: F401, registers its programs
import memory_programs

SECONDS = 6  # a program takes some milliseconds
PROBES = 300  # allocations after the end of a program: does one of them fail?


# Where the interpreter calls C code through a slot. Everywhere else it names a C function that
# fails without an error.
SLOT_CALLS = {"SEND", "GET_AWAITABLE", "GET_ITER", "GET_AITER", "GET_ANEXT", "FOR_ITEM",
              "BEFORE_WITH", "BEFORE_ASYNC_WITH", "END_ASYNC_FOR"}  # fmt: skip


def and_what_led_to_it(exception, seen):
    """The exception and all behind it, each once."""
    if exception is None or any(exception is each for each in seen):
        return seen
    seen.append(exception)
    for inner in (
        exception.__cause__,
        exception.__context__,
        *getattr(exception, "exceptions", ()),
    ):
        and_what_led_to_it(inner, seen)
    return seen


def is_error_of_ours(error):
    """Of a SystemError: whether C code other than the interpreter's own may have caused it.

    CPython 3.11 and others forget to set MemoryError when there is no memory for the frame of a
    Python function: "error return without exception set", or "<function f> returned NULL without
    setting an exception". Some of their C functions return a result with an error set.
    """
    if (named := re.match("<.*?(?: at (0x[0-9a-f]+))?> returned ", str(error))) is not None:
        # Native functions of ours pass for Python's in their repr().
        pythons = (id(each) for each in gc.get_objects() if type(each) is types.FunctionType)
        is_python = named[1] is not None and int(named[1], 16) in pythons
        return not is_python and ("phaseloop" in str(error) or "<function" in str(error))
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    if at is None or str(error) != "error return without exception set":
        return True
    operations = dis.get_instructions(at.tb_frame.f_code)
    return any(each.offset == at.tb_lasti and each.opname in SLOT_CALLS for each in operations)


class Witness(logging.Handler):
    """Hears of every failure that has no caller to go to, and stops the loop then."""

    def __init__(self, loop):
        super().__init__(logging.ERROR)
        self.loop = loop
        self.exceptions = []
        loop.set_exception_handler(self.handle)
        sys.unraisablehook = self.unraisable
        threading.excepthook = self.end_of_thread
        logging.getLogger().addHandler(self)

    def hear(self, exception):
        self.exceptions.append(exception)
        for loop in {self.loop, asyncio._get_running_loop()} - {None}:
            with contextlib.suppress(RuntimeError):  # closed meanwhile
                loop.call_soon_threadsafe(loop.stop)

    def handle(self, loop, context):
        self.hear(context.get("exception"))

    def unraisable(self, unraisable):
        self.hear(unraisable.exc_value)

    def end_of_thread(self, end):
        self.hear(end.exc_value)

    def emit(self, record):  # asyncio and concurrent.futures log what has nowhere else to go
        self.hear(record.exc_info[1] if record.exc_info else None)


class FailureOfInterpreter:
    """One of the interpreter's allocations fails, whichever of its allocators it comes from."""

    def arm(self, start):
        _testcapi.set_nomemory(start, start + 1)

    def disarm(self):
        """Whether it has not come to that allocation."""
        untouched = False
        try:
            for _ in range(PROBES):
                bytearray(32)
        except MemoryError:
            untouched = True
        _testcapi.remove_mem_hooks()
        return untouched


class FailureOfModule:
    """One of the native module's own allocations fails."""

    def __init__(self):
        self.faults = ctypes.CDLL(None)
        parts = [
            line.split()[0].split("-") for line in open("/proc/self/maps") if "/_native." in line
        ]
        self.begin, self.end = int(parts[0][0], 16), int(parts[-1][1], 16)

    def arm(self, start):
        begin, end = ctypes.c_size_t(self.begin), ctypes.c_size_t(self.end)
        self.faults.fault_arm_allocations(begin, end, start + 1)

    def disarm(self):
        untouched = self.faults.fault_allocations_fired() == 0
        self.faults.fault_arm_allocations(0, 0, 0)
        return untouched


def run_program(program, loop, failure, start):
    """(what the program raised, whether it ended before the allocation failed)"""
    outcome = None
    failure.arm(start)
    try:
        program(loop)
    except BaseException as exc:
        outcome = exc
    return outcome, failure.disarm()


def problems_after(loop, exceptions):
    """What asyncio would not leave behind."""
    if asyncio._get_running_loop() is not None:
        yield f"running loop left behind: {asyncio._get_running_loop()!r}"
    if loop.is_running():
        yield "the loop believes that it runs"
    with contextlib.suppress(RuntimeError):
        if asyncio.current_task(loop) is not None:
            yield f"current task left behind: {asyncio.current_task(loop)!r}"
    for exception in exceptions:
        for each in and_what_led_to_it(exception, []):
            if isinstance(each, SystemError) and is_error_of_ours(each):
                yield "".join(traceback.format_exception(exception))


def loop_still_works(loop):
    """It runs, ends what is left, and can be closed."""

    async def clean_up():
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=1)
        return 7

    loop.set_task_factory(None)
    for _ in range(5):  # stop() may have been called
        cleaning = clean_up()
        with contextlib.suppress(RuntimeError):
            return loop.run_until_complete(cleaning) == 7
        cleaning.close()
    return False


def attempt(make_loop, program, failure, start):
    """In a child of its own: a report as above."""
    signal.alarm(SECONDS)
    memory_programs.prepared.start_thread()
    loop = make_loop()
    witness = Witness(loop)
    outcome, untouched = run_program(program, loop, failure, start)
    report = {"start": start, "untouched": untouched}
    problems = list(problems_after(loop, [outcome, *witness.exceptions]))
    report["outcome"] = type(outcome).__name__ if outcome is not None else None
    report["told"] = [type(exception).__name__ for exception in witness.exceptions]
    if untouched and outcome is not None:
        problems.append("".join(traceback.format_exception(outcome)))
    if outcome is not None and not isinstance(outcome, MemoryError):
        report["outcome_traceback"] = "".join(traceback.format_exception(outcome))
    outcome = None
    if not loop_still_works(loop):
        problems.append("the loop works no longer")
    try:
        loop.close()
    except RuntimeError as exc:  # asyncio's own loop of 3.15 may believe for ever that it runs
        problems.append(f"the loop can't be closed: {exc}")
    del loop
    witness.loop = None
    gc.collect()
    report["problems"] = problems
    return report


def in_child(function, *args):
    """What the function returns in a forked child; or how the child ended."""
    reading, writing = os.pipe()
    errors = tempfile.TemporaryFile()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.dup2(errors.fileno(), 2)
            sys.stderr = io.TextIOWrapper(open(2, "wb", 0, closefd=False), write_through=True)
            faulthandler.enable(2)
            faulthandler.register(signal.SIGALRM, 2, chain=True)
            report = function(*args)
            os.write(writing, json.dumps(report).encode())
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(writing)
    with open(reading, "rb") as pipe:
        answer = pipe.read()
    end = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    report = json.loads(answer) if answer else {"problems": []}
    report["end"] = signal.Signals(-end).name if end < 0 else end
    if end != 0:
        errors.seek(0)
        report["traceback"] = errors.read().decode(errors="replace")[-8000:]
    errors.close()
    return report


def main(runtime, whose, name, first, step, last=-1):
    import phaseloop

    warnings.simplefilter("ignore")
    if runtime == "native":
        phaseloop.install()
        make_loop = phaseloop.new_event_loop
    else:
        make_loop = asyncio.SelectorEventLoop
    memory_programs.prepared = memory_programs.Prepared()
    program = memory_programs.PROGRAMS[name]
    # Once without a fault, in this process: caches fill, modules are imported.
    memory_programs.prepared.start_thread()
    loop = make_loop()
    program(loop)
    loop.close()
    gc.collect()
    memory_programs.prepared.executor.shutdown()
    failure = FailureOfModule() if whose == "module" else FailureOfInterpreter()
    start = int(first)
    while True:
        report = in_child(attempt, make_loop, program, failure, start)
        report["start"] = start
        print(json.dumps(report), flush=True)
        if report.get("untouched") or start == int(last):
            return
        if report["end"] == 1:
            sys.exit(report["traceback"])
        start += int(step)


if __name__ == "__main__":
    main(*sys.argv[1:])
