"""Instructions instead of seconds: exact where wall time is too noisy to decide.

callgrind executes the sample some fifty times slower and counts the same on every run. What one
operation takes is the difference of two runs, so that start and end of the process drop out.
"""

import re
import shutil
import subprocess

from harness.model import Absent
from harness.process import environment as clean

FEW, MORE = 2000, 6000  # operations


def per_operation(row, runtime):
    """Instructions of one operation of a row of the task plane. Raises Absent."""
    if shutil.which("valgrind") is None:
        raise Absent("valgrind is not installed (Debian package: valgrind)")
    if runtime.floor and row.floor is None:
        raise Absent("no floor")
    few, more = (_count(row, runtime, count) for count in (FEW, MORE))
    return (more - few) / (MORE - FEW)


def _count(row, runtime, count):
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    done = subprocess.run(
        [*command, *map(str, row.command(runtime, count))],
        capture_output=True,
        text=True,
        env=clean({"PYTHONPATH": runtime.path}),
    )
    collected = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or not collected or '"absent"' in done.stdout:
        said = (done.stdout if '"absent"' in done.stdout else done.stderr).strip().splitlines()
        raise Absent(said[-1] if said else f"exit status {done.returncode}")
    return int(collected[1])
