"""Command lines as a user types them, under each way to start a program on phaseloop."""

import os
import subprocess
import sys
from pathlib import Path

import phaseloop
import pytest

BUILD = Path(phaseloop.__file__).parents[2]
EXECUTABLE = BUILD / "bin" / "phaseloop"
SECONDS_MAX = 60

requires_executable = pytest.mark.skipif(
    not EXECUTABLE.exists(), reason="no executable in this build: this Python has no libpython.so"
)


class Front:
    """One way to start a program: the words before its own command line."""

    def __init__(self, *command):
        self.command = [str(word) for word in command]

    def run(self, *arguments, **options):
        """The finished process. Options are subprocess.run()'s."""
        given = {"stdin": subprocess.DEVNULL} if "input" not in options else {}
        return subprocess.run(
            [*self.command, *map(str, arguments)],
            **{"capture_output": True, "text": True, "timeout": SECONDS_MAX} | given | options,
        )

    def out(self, *arguments, **options):
        """What it prints; it must succeed."""
        done = self.run(*arguments, **options)
        assert done.returncode == 0, done.stderr
        return done.stdout


MODULE = Front(sys.executable, "-m", "phaseloop")
PYTHON = Front(sys.executable)


@pytest.fixture(params=["module", pytest.param("executable", marks=requires_executable)])
def front(request):
    """python3 -m phaseloop and, in another run of the test, the executable."""
    return MODULE if request.param == "module" else Front(EXECUTABLE)


@pytest.fixture
def executable():
    """The executable, in its build."""
    if not EXECUTABLE.exists():
        pytest.skip(requires_executable.kwargs["reason"])
    return Front(EXECUTABLE)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder, and the current one for the length of a test."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def plain_environment(**changes):
    """The environment without what a test run adds for Python."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    return kept | changes
