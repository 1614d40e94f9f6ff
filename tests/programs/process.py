"""Programs under test: processes of their own, started as a user would start them."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

APPS = Path(__file__).parent / "apps"
PATIENCE = 60  # seconds for anything that takes one on an idle machine

# What the interpreter notices about a program that did not clean up. Warnings of deprecation are
# between the libraries and CPython.
NOTICING = ("-X", "faulthandler", "-W", "always::ResourceWarning", "-W", "always::RuntimeWarning")
DEVELOPMENT = ("-X", "dev", "-W", "ignore::DeprecationWarning")

# PHASELOOP_STOCK=1 ./dev test programs: what fails then, too, is not phaseloop's fault.
STOCK = bool(os.environ.get("PHASELOOP_STOCK"))
LOOP = "asyncio" if STOCK else "phaseloop"

# The ways to have a program run on phaseloop: options of the interpreter, and what apps/started.py
# is told to do.
WAYS = {
    "script mode": ((*NOTICING, "-m", "phaseloop"), "as it is"),
    "loop factory": (NOTICING, "loop factory"),
    "installed": (DEVELOPMENT, "installed"),
}
if STOCK:
    WAYS = {"stock": (NOTICING, "as it is"), "stock, development": (DEVELOPMENT, "as it is")}


def program(way, name, *arguments):
    """The command line that runs a program of apps/ in one of WAYS."""
    options, told = WAYS[way]
    return [sys.executable, *options, APPS / name, told, *arguments]


def tool(name, *arguments):
    """The command line of a tool that a package brought into the environment."""
    return [sys.executable, *NOTICING, Path(sys.executable).with_name(name), *arguments]


class Program:
    """A running program. Output goes to files, which wait_for() reads while it is being written.

    `quiet`: what it may say on stderr, as a regular expression for whole lines.
    """

    def __init__(self, command, folder, *, quiet="", environment=None):
        self.command = [str(word) for word in command]
        self.quiet = re.compile(quiet)
        self._stdout = folder / "stdout"
        self._stderr = folder / "stderr"
        with self._stdout.open("wb") as stdout, self._stderr.open("wb") as stderr:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})},
                start_new_session=True,  # for kill() to reach its children
            )

    @property
    def stdout(self):
        return self._stdout.read_text()

    @property
    def stderr(self):
        return self._stderr.read_text()

    def wait_for(self, pattern):
        """The match of `pattern` in what the program has said, as soon as it has."""
        deadline = time.monotonic() + PATIENCE
        while True:
            ended = self.process.poll() is not None
            if found := re.search(pattern, self.stdout + self.stderr):
                return found
            if ended or time.monotonic() > deadline:
                raise AssertionError(f"{pattern!r} was never said by {self}")
            time.sleep(0.02)

    def stop(self, number=signal.SIGTERM):
        """Ask it to end; return its exit status, which is negative for a signal."""
        self.process.send_signal(number)
        return self.end()

    def end(self):
        """Wait for its end and return its exit status. What it complained about is an error."""
        try:
            status = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)  # faulthandler says where it hangs
            self.process.wait(PATIENCE)
            raise AssertionError(f"did not end: {self}") from None
        complaints = [line for line in self.stderr.splitlines() if not self.quiet.fullmatch(line)]
        assert not complaints, f"complaints of {self}"
        return status

    def kill(self):
        """End it and its children without asking, if something is left of them."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return  # as it should be
        finally:
            self.process.wait(PATIENCE)

    def __repr__(self):
        return (
            f"{' '.join(self.command)}\nexit status: {self.process.poll()}\n"
            f"--- stdout\n{self.stdout[-8000:]}\n--- stderr\n{self.stderr[-8000:]}"
        )
