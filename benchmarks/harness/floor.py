"""The floor of the task plane: built for the interpreter at hand, and a Runtime like the others."""

import sys
from pathlib import Path

from harness.cmake import cmake
from harness.model import Absent, Runtime
from harness.runtimes import ROOT, VERSION

SOURCE = ROOT / "benchmarks" / "task" / "floor"


def runtime():
    """The Runtime that drives coroutines by a bare loop in C. Raises Absent if it won't build."""
    build = ROOT / ".dev" / "build" / f"bench-{VERSION}"
    if not (build / "build.ninja").exists():
        _run("-S", SOURCE, "-B", build, f"-DPython_EXECUTABLE={sys.executable}")
    _run("--build", build)
    return Runtime(
        "floor",
        Path(sys.executable),
        path=f"{ROOT / 'benchmarks'}:{build}",
        floor=True,
        planes=("task",),
    )


def _run(*arguments):
    status, printed = cmake(*arguments)
    if status:
        raise Absent(f"the bare loop does not build: {printed.strip().splitlines()[-1]}")
