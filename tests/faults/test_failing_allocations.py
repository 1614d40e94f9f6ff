"""Each allocation of many programs fails in turn: what comes of it is MemoryError or success, or
what asyncio makes of it, and never a crash, a hang, or a loop that believes that it runs.

PHASELOOP_ALLOCATIONS=every has every allocation fail; otherwise, in the few programs that make very
many, every so many-th does.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("_testcapi", reason="this Python has no _testcapi to make allocations fail")

import memory_network_programs  # noqa: F401, registers its programs
from memory_programs import PROGRAMS

HERE = Path(__file__).parent
COMPILER = os.environ.get("CC") or shutil.which("gcc") or shutil.which("cc")
EVERY = os.environ.get("PHASELOOP_ALLOCATIONS") == "every"
UNDER_ASAN = "asan" in os.environ.get("LD_PRELOAD", "")
# Those that make many allocations, most of them in asyncio's own code, or that start processes or
# threads: one that does not start has threading wait for it until the alarm.
STEPS = {
    "signals": 23,
    "runner": 7,
    "subprocesses": 61,
    "tls": 11,
    "executors": 41,
    "coroutines_from_threads": 61,
}


def stack_of(report):
    """Where the thread that ran the program was when it was ended, innermost first."""
    return re.findall(
        r'File "([^"]+)", line (\d+) in ', report["traceback"].split("Current thread 0x")[-1]
    )


def is_hang_of_threads(report):
    """Whether asyncio's own code waits for a thread that found no memory to start or to unlock."""
    if report["end"] != "SIGALRM":
        return False
    files = [file for file, _ in stack_of(report)]
    return bool(files) and files[0].endswith(("/threading.py", "/concurrent/futures/thread.py"))


def crash_of(report):
    """Where the interpreter crashed, as file and line of Python code; None if it did not."""
    stack = stack_of(report) if report["end"] == "SIGSEGV" else []
    return stack[0] if stack else None


def reports(runtime, whose, name, step=1, preload=None):
    """What came of each start index, one after the other."""
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    if preload is not None:
        environment["LD_PRELOAD"] = str(preload)
    script = HERE / "under_failing_allocations.py"
    child = subprocess.Popen(
        [sys.executable, str(script), runtime, whose, name, "0", str(step)],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        for line in child.stdout:
            yield json.loads(line)
        assert child.wait(60) == 0
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


class Asyncio:
    """What the same program does on asyncio, found out no further than it is asked about.

    A hang takes seconds, and there may be one for each of many allocations.
    """

    def __init__(self, name, step):
        self.known = []
        self.further = reports("asyncio", "interpreter", name, step)

    def reports(self):
        yield from self.known
        for report in self.further:
            self.known.append(report)
            yield report

    def hangs(self):
        """Whether the program hangs, somewhere."""
        return any(
            each["end"] == "SIGALRM" and not is_hang_of_threads(each) for each in self.reports()
        )

    def crashes(self, place):
        """Whether the interpreter crashes at that very line: it forgets to look for NULL there."""
        return any(crash_of(each) == place for each in self.reports())


def judge(made, stock=None):
    """Raises AssertionError about the first report that is not as it should be."""
    for report in made:
        if is_hang_of_threads(report):
            print(f"allocation {report['start']}: not counted, threading waits for its own thread")
            continue
        if report["end"] == "SIGALRM" and stock is not None and stock.hangs():
            print(f"allocation {report['start']}: not counted, asyncio hangs in this program too")
            continue
        place = crash_of(report)
        if place is not None and stock is not None and stock.crashes(place):
            print(f"allocation {report['start']}: not counted, asyncio crashes at {place} too")
            continue
        assert report["end"] == 0, report["traceback"]
        assert report["problems"] == [], "\n".join(report["problems"])


def step_of(name):
    return 1 if EVERY else STEPS.get(name, 1)


@pytest.mark.parametrize("name", PROGRAMS)
def test_an_allocation_of_the_interpreter_fails(name):
    step = step_of(name)
    judge(reports("native", "interpreter", name, step), Asyncio(name, step))


@pytest.fixture(scope="session")
def failing_allocations(tmp_path_factory):
    library = tmp_path_factory.mktemp("faults") / "failing_allocations.so"
    subprocess.run(
        [COMPILER, "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror",
         str(HERE / "failing_allocations.c"), "-o", str(library)],
        check=True,
    )  # fmt: skip
    return library


@pytest.mark.skipif(COMPILER is None, reason="there is no C compiler on this machine")
@pytest.mark.skipif(UNDER_ASAN, reason="AddressSanitizer has allocators of its own")
@pytest.mark.parametrize("name", PROGRAMS)
def test_an_allocation_of_the_module_fails(name, failing_allocations):
    made = reports("native", "module", name, step_of(name), preload=failing_allocations)
    judge(made)
