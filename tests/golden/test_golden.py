"""The document's four programs: the same bytes on every run, and bytes that the document allows."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from freedom import canonical

HERE = Path(__file__).parent
SCRIPTS = HERE.parents[1] / "scripts"
PROGRAMS = ["asyncio_wait", "asyncio_wait_timeout", "asyncio_gather", "asyncio_as_completed"]
RUNS = 3


def run(program, cwd):
    """(exit status, standard output) of the program in script mode."""
    done = subprocess.run(
        [sys.executable, "-m", "phaseloop", str(SCRIPTS / f"{program}.py")],
        cwd=cwd,
        capture_output=True,
        timeout=60,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_run_gives_the_golden_bytes(program, tmp_path):
    golden = (HERE / "expected" / f"{program}.txt").read_bytes()
    for _ in range(RUNS):
        assert run(program, tmp_path) == (0, golden)


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_document_allows_the_golden_output(program):
    golden = (HERE / "expected" / f"{program}.txt").read_text()
    printed = (HERE / "document" / f"{program}.txt").read_text()
    assert canonical(program, golden) == canonical(program, printed)


def test_gather_takes_as_long_as_its_longest_phase(tmp_path):
    start = time.monotonic()
    assert run("asyncio_gather", tmp_path)[0] == 0
    took = time.monotonic() - start
    # Two seconds and one, side by side. Above, only what shows that they did not run in turn.
    assert 2.0 <= took < 2.95


@pytest.mark.parametrize(
    ("program", "old", "new"),
    [
        ("asyncio_gather", "done with phase2\ndone with phase1",
         "done with phase1\ndone with phase2"),
        ("asyncio_gather", "['phase1 result', 'phase2", "['phase2 result', 'phase2"),
        ("asyncio_as_completed", "'phase 2 result', 'phase 1 ", "'phase 1 result', 'phase 2 "),
        ("asyncio_wait", "done with phase 0\n", ""),
        ("asyncio_wait", "waiting for phases to complete\nin phase 0",
         "in phase 0\nwaiting for phases to complete"),
        ("asyncio_wait_timeout", "1 completed and 2", "2 completed and 1"),
    ],
)  # fmt: skip
def test_what_the_document_does_not_allow_is_noticed(program, old, new):
    golden = (HERE / "expected" / f"{program}.txt").read_text()
    assert old in golden
    printed = (HERE / "document" / f"{program}.txt").read_text()
    assert canonical(program, golden.replace(old, new)) != canonical(program, printed)
