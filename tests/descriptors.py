"""What this process has open, and how busy it is: for tests of what must not be left behind."""

import os
import socket
import time


def open_descriptors():
    """The descriptors that are open now."""
    found = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            os.fstat(int(name))
        except OSError:
            continue  # the folder's own
        found.add(int(name))
    return found


async def seconds_busy(sleep, seconds=0.05):
    """How long the process computes while the loop has nothing to do but sleep.

    The least of three times: a garbage collection may fall into one, a loop that spins does always.
    """
    least = seconds
    for _ in range(3):
        start = time.process_time()
        await sleep(seconds)
        least = min(least, time.process_time() - start)
        if least < seconds / 5:
            break
    return least


class Unanswering:
    """A listener whose queue is full: connecting to its address neither succeeds nor fails."""

    def __init__(self):
        self._sockets = [socket.socket()]
        self._sockets[0].bind(("127.0.0.1", 0))
        self._sockets[0].listen(0)
        self.address = self._sockets[0].getsockname()
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(self.address)
            self._sockets.append(filler)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        for sock in self._sockets:
            sock.close()
