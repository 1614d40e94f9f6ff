"""A program in a terminal of its own."""

import os
import pty
import select
import time

SECONDS_MAX = 20


class Terminal:
    """Starts the command in a new pseudo-terminal. Use it as a context manager."""

    def __init__(self, command, environment):
        self._pid, self._fd = pty.fork()
        if self._pid == 0:
            try:
                os.execve(command[0], command, environment | {"TERM": "dumb"})
            finally:
                os._exit(127)
        self.said = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self._fd)

    def until(self, text):
        """Read on until `text` has been said; return what was said since the last time."""
        found = self._read(lambda: text in self.said)
        assert found, f"{text!r} is not said: {self.said!r}"
        end = self.said.index(text) + len(text)
        heard, self.said = self.said[:end], self.said[end:]
        return heard

    def type(self, text):
        """Type it as the user would; a line ends in a newline."""
        os.write(self._fd, text.encode())

    def status(self):
        """Read all the rest and return the exit status, negative for a signal."""
        assert self._read(lambda: False) is False
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])

    def _read(self, enough):
        deadline = time.monotonic() + SECONDS_MAX
        while not enough():
            ready, _, _ = select.select([self._fd], [], [], deadline - time.monotonic())
            assert ready, f"nothing more in {SECONDS_MAX} s: {self.said!r}"
            try:
                data = os.read(self._fd, 4096)
            except OSError:  # Linux: the other side has been closed
                return False
            if not data:
                return False
            self.said += data.decode(errors="replace").replace("\r\n", "\n")
        return True
