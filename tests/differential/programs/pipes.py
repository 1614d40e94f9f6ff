"""Pipes as transports."""

import asyncio
import os
import socket
import tempfile

from endpoints import End, hear, quiet, shown, until
from registry import program


def pipe():
    reading, writing = os.pipe()
    return open(reading, "rb", 0), open(writing, "wb", 0)


@program
def reading(t):
    async def main():
        source, sink = pipe()
        transport, end = await t.loop.connect_read_pipe(End, source)
        t(isinstance(transport, asyncio.ReadTransport), shown(transport))
        t(transport.get_extra_info("pipe") is source, os.get_blocking(source.fileno()))
        t(transport.get_protocol() is end, transport.is_closing())
        sink.write(b"one")
        await quiet()
        transport.pause_reading()
        t(shown(transport))
        sink.write(b"two")
        await quiet()
        t(end.calls)
        transport.resume_reading()
        await quiet()
        sink.close()
        t(await end.gone, end.calls, source.closed, shown(transport), transport.is_closing())

    t.run(main())


@program
def reading_given_up(t):
    async def main():
        for data in (b"", b"unread"):
            source, sink = pipe()
            transport, end = await t.loop.connect_read_pipe(End, source)
            sink.write(data)
            transport.close()
            t(transport.is_closing(), shown(transport), await end.gone, end.calls, source.closed)
            transport.close()
            sink.close()

    t.run(main())


@program
def writing(t):
    async def main():
        source, sink = pipe()
        os.set_blocking(source.fileno(), False)
        transport, end = await t.loop.connect_write_pipe(End, sink)
        t(isinstance(transport, asyncio.WriteTransport), transport.can_write_eof())
        t(shown(transport), transport.get_extra_info("pipe") is sink)
        transport.write(b"one")
        transport.writelines([b"two", bytearray(b"three"), memoryview(b"four"), b""])
        await quiet()
        t(source.read(100))
        for data in ("text", None, 3):
            t.refusal("write", transport.write, data)
        transport.write(b"last")
        transport.write_eof()
        transport.write_eof()
        t(transport.is_closing(), await end.gone, end.calls, sink.closed, source.read())
        transport.write(b"late")
        source.close()

    t.run(main())


@program
def a_pipe_that_is_full(t):
    async def main():
        source, sink = pipe()
        os.set_blocking(source.fileno(), False)
        transport, end = await t.loop.connect_write_pipe(End, sink)
        size = 1 << 20
        transport.write(bytes(size))
        await quiet()
        t(end.calls, 0 < transport.get_write_buffer_size() < size)
        received = 0
        while received < size:
            await asyncio.sleep(0)
            received += len(source.read(1 << 16) or b"")
        await until(lambda: ("resume",) in end.notes)
        t(transport.get_write_buffer_size(), end.calls)
        transport.write(bytes(size))
        transport.close()
        t(transport.is_closing())
        await quiet()
        t(end.gone.done())
        transport.abort()
        t(await end.gone, end.calls)
        source.close()

    t.run(main())


@program
def nobody_reads(t):
    async def main():
        hear(t)
        for size in (0, 10, 1 << 20):
            source, sink = pipe()
            transport, end = await t.loop.connect_write_pipe(End, sink)
            transport.write(bytes(size))
            source.close()
            transport.write(b"into the void")
            error = await end.gone
            # Which of the two notices first, the write or the poller, is for the loop to say.
            t(isinstance(error, BrokenPipeError | None), end.calls[0], end.calls[-1][0])
            for _ in range(8):
                transport.write(b"x")
            t(transport.get_write_buffer_size())

    t.run(main())
    t.lines[:] = [line for line in t.lines if not line.startswith("log: pipe closed")]


@program
def errors_in_protocols(t):
    def fails(end, *args):
        raise ValueError(f"in {end.notes[-1][0]}")

    async def main():
        hear(t)
        for where in ("made", "data", "eof", "lost"):
            source, sink = pipe()
            ends = []
            factory = lambda w=where, e=ends: e.append(End(**{w: fails})) or e[0]  # noqa: E731
            try:
                await t.loop.connect_read_pipe(factory, source)
            except ValueError as caught:
                t("raised", caught)
            await quiet()
            sink.write(b"data")
            await quiet()
            sink.close()
            await quiet()
            end = ends[0]
            t(where, end.calls, end.transport.is_closing())
            if not end.transport.is_closing():
                end.transport.close()
            await end.gone
            await quiet()

    t.run(main())


@program
def what_is_no_pipe(t):
    async def main():
        with tempfile.TemporaryFile() as file:
            for connect in (t.loop.connect_read_pipe, t.loop.connect_write_pipe):
                try:
                    await connect(End, file)
                except (ValueError, OSError) as caught:
                    t(type(caught).__name__, str(caught))

    t.run(main())
    t.lines[:] = [line for line in t.lines if "ResourceWarning" not in line]


@program
def sockets_are_pipes_too(t):
    async def main():
        ours, theirs = socket.socketpair()
        transport, end = await t.loop.connect_read_pipe(End, ours)
        theirs.send(b"data")
        await quiet()
        theirs.close()
        t(await end.gone, end.calls)
        ours, theirs = socket.socketpair()
        transport, end = await t.loop.connect_write_pipe(End, ours)
        transport.write(b"data")
        await quiet()
        t(theirs.recv(100))
        theirs.close()
        t(await end.gone, end.calls[0], end.calls[-1][0])

    t.run(main())
