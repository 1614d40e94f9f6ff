"""The floor of the task plane: built for the interpreter at hand, and a Runtime like the others."""

import subprocess
import sys
from pathlib import Path

from harness.model import Absent, Runtime
from harness.runtimes import ROOT, VERSION

SOURCE = ROOT / "benchmarks" / "task" / "floor"


def runtime():
    """The Runtime that drives coroutines by a bare loop in C. Raises Absent if it won't build."""
    build = ROOT / ".dev" / "build" / f"bench-{VERSION}"
    configure = ["cmake", "-S", SOURCE, "-B", build, f"-DPython_EXECUTABLE={sys.executable}"]
    if not (build / "CMakeCache.txt").exists():
        _run([*configure, "-DCMAKE_BUILD_TYPE=Release"])
    _run(["cmake", "--build", build])
    return Runtime(
        "floor",
        Path(sys.executable),
        path=f"{ROOT / 'benchmarks'}:{build}",
        floor=True,
        planes=("task",),
    )


def _run(command):
    done = subprocess.run(
        [str(part) for part in command], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if done.returncode:
        last = done.stdout.strip().splitlines()[-1]
        raise Absent(f"the bare loop does not build: {last}")
