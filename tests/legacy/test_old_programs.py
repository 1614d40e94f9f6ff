"""Programs of 2014 to 2019: what they printed on the CPython of their time they print today.

expected/ holds what CPython 3.7 printed, or 3.6 where a program says so (record.py). For other
interpreters than the current one: ./dev test legacy, or ./dev test python --python 3.14 --
tests/legacy.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PROGRAMS = sorted((HERE / "programs").glob("*.py"))


def run(program, *options):
    """The program in script mode."""
    path = os.pathsep.join([str(program.parent), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, *options, "-m", "phaseloop", str(program)],
        capture_output=True,
        timeout=120,
        env=os.environ | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
    )


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.stem)
def test_prints_what_it_always_did(program):
    expected = (HERE / "expected" / f"{program.stem}.txt").read_bytes()
    done = run(program, "-W", "ignore")
    assert (done.stderr.decode(), done.returncode) == ("", 0)
    assert done.stdout.decode() == expected.decode()


def test_every_program_has_its_output_and_there_are_enough():
    recorded = {file.stem for file in (HERE / "expected").iterdir()}
    assert {program.stem for program in PROGRAMS} == recorded
    assert len(PROGRAMS) >= 60
