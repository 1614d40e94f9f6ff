"""BufferedProtocol.get_buffer() had to return a bytearray: other writable buffers failed."""

import array
import asyncio
import ctypes
import mmap
import socket

import pytest
from peers import Noting

KINDS = {
    "bytearray": lambda: bytearray(64),
    "memoryview": lambda: memoryview(bytearray(64)),
    "part of one": lambda: memoryview(bytearray(1000))[100:164],
    "array": lambda: array.array("B", bytes(64)),
    "array of longs": lambda: array.array("Q", [0] * 8),
    "ctypes": lambda: (ctypes.c_char * 64)(),
    "mmap": lambda: mmap.mmap(-1, 64),
    "one byte": lambda: bytearray(1),
}


class Buffered(Noting, asyncio.BufferedProtocol):
    def __init__(self, make):
        super().__init__()
        self.buffer = make()
        self.sizes = []

    def get_buffer(self, sizehint):
        assert sizehint == -1 or sizehint > 0
        return self.buffer

    def buffer_updated(self, count):
        self.sizes.append(count)
        self.data_received(bytes(memoryview(self.buffer).cast("B")[:count]))


async def connected(loop, protocol):
    ours, theirs = socket.socketpair()
    await loop.create_connection(lambda: protocol, sock=ours)
    return theirs


@pytest.mark.parametrize("kind", KINDS)
def test_any_writable_buffer_will_do(either_loop, kind):
    async def main():
        protocol = Buffered(KINDS[kind])
        with await connected(either_loop, protocol) as theirs:
            theirs.send(b"0123456789" * 20)
        assert await asyncio.wait_for(protocol.lost, 5) is None
        assert protocol.data == b"0123456789" * 20
        assert max(protocol.sizes) <= memoryview(protocol.buffer).nbytes
        assert protocol.kinds == ["made", "data", "eof", "lost"]

    either_loop.run_until_complete(main())


UNFIT = {
    "nothing": lambda: None,
    "text": lambda: "text",
    "read-only": lambda: b"read-only bytes",
    "empty": bytearray,
    "not contiguous": lambda: memoryview(bytearray(64))[::2],
}


@pytest.mark.parametrize("kind", UNFIT)
def test_what_is_no_such_buffer_ends_the_connection(either_loop, kind):
    heard = []

    async def main():
        either_loop.set_exception_handler(lambda _, context: heard.append(context))
        protocol = Buffered(UNFIT[kind])
        with await connected(either_loop, protocol) as theirs:
            theirs.send(b"data")
            error = await asyncio.wait_for(protocol.lost, 5)
        assert isinstance(error, RuntimeError | TypeError | BufferError)
        assert protocol.kinds == ["made", "lost"]
        assert [context["exception"] for context in heard] == [error]
        assert heard[0]["protocol"] is protocol

    either_loop.run_until_complete(main())


def test_the_buffer_is_free_between_reads(either_loop):
    """Nothing of ours keeps it exported: it may be resized, or another one be returned."""

    class Growing(Buffered):
        def buffer_updated(self, count):
            super().buffer_updated(count)
            self.buffer.extend(bytes(10))

    async def main():
        protocol = Growing(lambda: bytearray(5))
        with await connected(either_loop, protocol) as theirs:
            theirs.send(b"0123456789" * 20)
        assert await asyncio.wait_for(protocol.lost, 5) is None
        assert protocol.data == b"0123456789" * 20
        assert protocol.sizes[:3] == [5, 15, 25]

    either_loop.run_until_complete(main())
