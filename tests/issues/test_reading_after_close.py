"""A transport that was closed, or aborted, in data_received() went on reading."""

import asyncio
import socket

import pytest
from peers import Noting


class Closing(Noting):
    def __init__(self, how):
        super().__init__()
        self.how = how

    def data_received(self, data):
        super().data_received(data)
        if not self.transport.is_closing():
            getattr(self.transport, self.how)()


class ClosingBuffered(asyncio.BufferedProtocol, Closing):
    """The same with a buffer of its own, smaller than what there is to read."""

    def get_buffer(self, sizehint):
        self.buffer = bytearray(10)
        return self.buffer

    def buffer_updated(self, count):
        self.data_received(bytes(self.buffer[:count]))


@pytest.mark.parametrize("how", ["close", "abort"])
@pytest.mark.parametrize("kind", [Closing, ClosingBuffered])
def test_nothing_comes_after_close(either_loop, kind, how):
    async def main():
        ours, theirs = socket.socketpair()
        with theirs:
            theirs.send(bytes(1 << 16))
            _, protocol = await either_loop.create_connection(lambda: kind(how), sock=ours)
            assert await asyncio.wait_for(protocol.lost, 5) is None
            theirs.setblocking(False)
            with pytest.raises((ConnectionError, BlockingIOError)):
                while True:
                    theirs.send(b"more")
            await asyncio.sleep(0.01)
            assert [what[0] for what in protocol.seen] == ["made", "data", "lost"]

    either_loop.run_until_complete(main())


def test_a_closing_transport_that_still_writes_does_not_read(either_loop):
    async def main():
        ours, theirs = socket.socketpair()
        with theirs:
            transport, protocol = await either_loop.create_connection(Noting, sock=ours)
            size = 1 << 22
            transport.write(bytes(size))
            transport.close()
            theirs.send(b"not wanted any more")
            await asyncio.sleep(0.02)
            assert not protocol.lost.done()
            theirs.setblocking(False)
            received = 0
            while received < size:
                received += len(await either_loop.sock_recv(theirs, 1 << 20))
            assert await asyncio.wait_for(protocol.lost, 5) is None
            assert protocol.data == b""

    either_loop.run_until_complete(main())


def test_paused_reading_stays_paused(either_loop):
    """Nothing is read after pause_reading(), the end of the stream neither."""

    async def main():
        ours, theirs = socket.socketpair()
        transport, protocol = await either_loop.create_connection(Noting, sock=ours)
        await asyncio.sleep(0.001)
        transport.pause_reading()
        theirs.send(b"later")
        theirs.close()
        await asyncio.sleep(0.02)
        assert protocol.kinds == ["made"]
        transport.resume_reading()
        assert await asyncio.wait_for(protocol.lost, 5) is None
        assert protocol.kinds == ["made", "data", "eof", "lost"]

    either_loop.run_until_complete(main())
