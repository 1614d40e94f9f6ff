"""Each way to start a program on phaseloop, as a command to run."""

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
    not EXECUTABLE.exists(), reason="no executable in this build: no libpython.so to link with"
)


# The environment as in a terminal in which the tests' virtual environment is active.
ENVIRONMENT = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}
ENVIRONMENT["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])


class Front:
    """One way to start a program: the words before its own command line."""

    def __init__(self, *command):
        self.command = [str(word) for word in command]

    def given(self, *options):
        """The same, its interpreter started with these options of python3."""
        return Front(self.command[0], *options, *self.command[1:])

    def run(self, *arguments, **options):
        """The finished process. Options are subprocess.run()'s."""
        if "input" not in options:
            options.setdefault("stdin", subprocess.DEVNULL)
        for name in ("stdout", "stderr"):
            options.setdefault(name, subprocess.PIPE)
        options.setdefault("env", ENVIRONMENT)
        return subprocess.run(
            [*self.command, *map(str, arguments)],
            **{"text": True, "timeout": SECONDS_MAX} | options,
        )

    def out(self, *arguments, **options):
        """What it prints; it must succeed."""
        done = self.run(*arguments, **options)
        assert done.returncode == 0, done.stderr
        return done.stdout


MODULE = Front(sys.executable, "-m", "phaseloop")
PYTHON = Front(sys.executable)
