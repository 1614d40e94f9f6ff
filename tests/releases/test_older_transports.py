"""What transports do follows the release's own functions, whatever they are."""

import subprocess
import sys

PROGRAM = """
import asyncio, socket
from asyncio import selector_events


# As before CPython 3.11.4: whether connection_made() has paused the transport is not looked at.
def _add_reader(self, fd, callback, *args):
    if self._closing:
        return
    self._loop._add_reader(fd, callback, *args)


selector_events._SelectorTransport._add_reader = _add_reader

import phaseloop


class Pausing(asyncio.Protocol):
    def __init__(self, log):
        self.log = log

    def connection_made(self, transport):
        transport.pause_reading()

    def data_received(self, data):
        self.log.append(data)

    def connection_lost(self, exc):
        self.log.append(exc)


def transcript(factory):
    log = []

    async def main():
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_accepted_socket(lambda: Pausing(log), ours)

        async def send(data):
            theirs.send(data)
            for _ in range(20):
                await asyncio.sleep(0.001)
            log.append((transport.is_reading(), transport.is_closing()))

        await send(b"though paused")
        transport.pause_reading()
        await send(b"still")
        transport.resume_reading()
        await send(b"resumed")
        transport.pause_reading()
        await send(b"for later")
        transport.resume_reading()
        await send(b"the last")
        transport.abort()
        theirs.close()

    loop = factory()
    loop.run_until_complete(main())
    loop.close()
    return log


wanted = transcript(asyncio.SelectorEventLoop)
assert wanted[0] == b"though paused"
found = transcript(phaseloop.new_event_loop)
assert found == wanted, (found, wanted)
"""


def test_a_pause_before_the_start_is_as_the_release_has_it():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
