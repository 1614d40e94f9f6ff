"""Programs under test: processes of their own, started as a user would start them."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

APPS = Path(__file__).parent / "apps"
PATIENCE = 30  # seconds for anything that takes one on an idle machine

# What the interpreter notices about a program that did not clean up. Warnings of deprecation are
# between the libraries and CPython.
NOTICING = ("-X", "faulthandler", "-W", "always::ResourceWarning", "-W", "always::RuntimeWarning")
DEVELOPMENT = ("-X", "dev", "-W", "ignore::DeprecationWarning")

# PHASELOOP_STOCK=1 ./dev test programs: what fails then, too, is not phaseloop's fault.
STOCK = bool(os.environ.get("PHASELOOP_STOCK"))
LOOP = "asyncio" if STOCK else "phaseloop"

# The ways to have a program run on phaseloop, as options of the interpreter. apps/started.py looks
# at -X started.
WAYS = {
    "script mode": (*NOTICING, "-m", "phaseloop"),
    "loop factory": (*NOTICING, "-X", "started=loop factory"),
    "installed": (*DEVELOPMENT, "-X", "started=installed"),
}
if STOCK:
    WAYS = {"stock": NOTICING, "stock, development": DEVELOPMENT}

# Said in development mode, and on a busy machine about every program.
SLOW = r"Executing <.*> took [0-9.]+ seconds"


def program(way, name, *arguments):
    """The command line that runs a program of apps/ in one of WAYS."""
    return [sys.executable, *WAYS[way], APPS / name, *arguments]


def tool(name, *arguments):
    """The command line of a tool that a package brought into the environment."""
    return [sys.executable, *NOTICING, Path(sys.executable).with_name(name), *arguments]


class Program:
    """A running program. Output goes to files, which wait_for() reads while it is being written.

    `quiet`: what it may say on stderr, as a regular expression for whole lines.
    """

    def __init__(self, command, folder, *, quiet="", environment=None, cwd=APPS):
        self.command = [str(word) for word in command]
        self.quiet = re.compile(f"{SLOW}|{quiet}")
        self._forgiven = 0  # characters of stderr
        self._stdout = folder / "stdout"
        self._stderr = folder / "stderr"
        with self._stdout.open("wb") as stdout, self._stderr.open("wb") as stderr:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                cwd=cwd,
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

    def memory(self):
        """Bytes that it has in memory now, its children not counted."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

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
        self.check()
        return status

    def check(self):
        """What it has complained about so far is an error."""
        said = self.stderr[self._forgiven :].splitlines()
        complaints = [line for line in said if not self.quiet.fullmatch(line)]
        assert not complaints[:2], self

    def forgive(self):
        """What it has complained about so far is none."""
        self._forgiven = len(self.stderr)

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
