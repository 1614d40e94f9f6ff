"""The document's four programs, unmodified: the same bytes on every run, and none too early."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SCRIPTS = HERE.parents[1] / "scripts"
PROGRAMS = ["asyncio_wait", "asyncio_wait_timeout", "asyncio_gather", "asyncio_as_completed"]
RUNS = 4

# What the program prints, and how many seconds at least lie between the two lines.
AT_LEAST = {
    "asyncio_wait": [
        ("in phase 1", "done with phase 1", 0.1),
        ("in phase 2", "done with phase 2", 0.2),
        ("in phase 2", "results", 0.2),
    ],
    "asyncio_wait_timeout": [("waiting 0.1", "1 completed and 2 pending", 0.1)],
    "asyncio_gather": [
        ("in phase1", "done with phase1", 2.0),
        ("in phase2", "done with phase2", 1.0),
        ("waiting for phases", "results", 2.0),
    ],
    "asyncio_as_completed": [
        ("in phase 0", "done with phase 0", 0.5),
        ("in phase 1", "received answer 'phase 1 result'", 0.4),
        ("in phase 2", "received answer 'phase 2 result'", 0.3),
    ],
}

# Put on the path as sitecustomize.py: notes when the program, as it is, prints what.
NOTE_TIMES = """
import atexit, builtins, json, os, time
real_print, noted = builtins.print, []
def print(*values, **options):
    noted.append((" ".join(map(str, values)), time.monotonic()))
    real_print(*values, **options)
builtins.print = print
atexit.register(lambda: json.dump(noted, open(os.environ["NOTES"], "w")))
"""


def run(program, cwd, **environment):
    """(exit status, standard output) of the program in script mode."""
    done = subprocess.run(
        [sys.executable, "-m", "phaseloop", str(SCRIPTS / f"{program}.py")],
        cwd=cwd,
        capture_output=True,
        timeout=60,
        env=os.environ | environment,
    )
    return done.returncode, done.stdout


@pytest.fixture
def times(tmp_path):
    """times(program): when it printed each of its lines, in its own seconds."""

    def noted(program):
        (tmp_path / "sitecustomize.py").write_text(NOTE_TIMES)
        notes = tmp_path / f"{program}.json"
        path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
        status, _ = run(program, tmp_path, PYTHONPATH=path, NOTES=str(notes))
        assert status == 0
        return json.loads(notes.read_text())

    return noted


def between(lines, first, last):
    """Seconds from the first line that starts with one text to the first that does with another."""
    return next(when for line, when in lines if line.startswith(last)) - next(
        when for line, when in lines if line.startswith(first)
    )


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_run_gives_the_golden_bytes(program, tmp_path):
    golden = (HERE / "expected" / f"{program}.txt").read_bytes()
    runs = 2 if program == "asyncio_gather" else RUNS  # two seconds each
    for number in range(runs):
        # The seed of hashes is what makes the order of a set differ from one run to the next.
        assert run(program, tmp_path, PYTHONHASHSEED=str(number)) == (0, golden)


@pytest.mark.parametrize("program", PROGRAMS)
def test_nothing_is_printed_before_its_time(program, times):
    lines = times(program)
    for first, last, seconds in AT_LEAST[program]:
        assert between(lines, first, last) >= seconds, (first, last)
    if program == "asyncio_gather":
        # Two seconds and one, side by side; how much longer is the machine's business.
        assert between(lines, "waiting for phases", "results") < 2.9


def test_the_programs_are_the_document_s_own():
    """scripts/ holds those four and nothing else."""
    assert sorted(file.stem for file in SCRIPTS.iterdir()) == sorted(PROGRAMS)
    for program in PROGRAMS:
        assert (
            (SCRIPTS / f"{program}.py").read_text().startswith(f"# {program}.py\nimport asyncio\n")
        )
