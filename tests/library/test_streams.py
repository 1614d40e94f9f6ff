"""Native streams: where they come from, and that nothing of them stays."""

import asyncio
import gc
import socket
import subprocess
import sys
import weakref
from asyncio import streams

import phaseloop
import pytest

STOCK = {
    name: getattr(asyncio, name)
    for name in ("StreamReader", "StreamReaderProtocol", "StreamWriter")
}


async def kinds_of(open_connection, start_server):
    """The classes at both ends of a connection, once a line has gone there and back."""
    kinds = []
    done = asyncio.get_running_loop().create_future()

    async def serve(reader, writer):
        kinds.extend([type(reader), type(writer)])
        writer.write(await reader.readline())
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        done.set_result(None)

    server = await start_server(serve, "127.0.0.1", 0)
    reader, writer = await open_connection(*server.sockets[0].getsockname())
    kinds.extend([type(reader), type(writer)])
    writer.write(b"a line\n")
    assert [line async for line in reader] == [b"a line\n"]
    writer.close()
    await writer.wait_closed()
    await done
    server.close()
    return set(kinds)


@pytest.mark.parametrize("run", [phaseloop.run, asyncio.run])
def test_phaseloops_functions_make_native_streams_on_any_loop(run):
    made = run(kinds_of(phaseloop.open_connection, phaseloop.start_server))
    assert made == {phaseloop.StreamReader, phaseloop.StreamWriter}


def test_asyncios_functions_make_asyncios_streams_unless_installed():
    functions = asyncio.open_connection, asyncio.start_server
    assert phaseloop.run(kinds_of(*functions)) == {STOCK["StreamReader"], STOCK["StreamWriter"]}
    phaseloop.install()
    try:
        made = asyncio.run(kinds_of(*functions))
        assert made == {phaseloop.StreamReader, phaseloop.StreamWriter}
        for name in STOCK:
            assert getattr(asyncio, name) is getattr(streams, name) is getattr(phaseloop, name)
    finally:
        phaseloop.uninstall()
    for name, stock in STOCK.items():
        assert getattr(asyncio, name) is getattr(streams, name) is stock


def test_unix_streams(tmp_path):
    path = str(tmp_path / "socket")

    async def main():
        async def serve(reader, writer):
            writer.write(await reader.readexactly(3))
            writer.close()

        server = await phaseloop.start_unix_server(serve, path)
        reader, writer = await phaseloop.open_unix_connection(path)
        assert type(reader) is phaseloop.StreamReader
        writer.writelines([b"a", b"bc"])
        assert await reader.read() == b"abc"
        writer.close()
        await writer.wait_closed()
        server.close()

    phaseloop.run(main())


@pytest.mark.parametrize("run", [phaseloop.run, asyncio.run])
def test_streams_of_child_processes(run):
    async def main():
        copy = [sys.executable, "-c", "import sys; sys.stdout.write(sys.stdin.read())"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        process = await phaseloop.create_subprocess_exec(*copy, **pipes)
        assert type(process.stdout) is phaseloop.StreamReader
        assert type(process.stdin) is phaseloop.StreamWriter
        text = b"line\n" * 100_000
        assert await process.communicate(text) == (text, None)
        process = await phaseloop.create_subprocess_shell("cat", **pipes)
        assert await process.communicate(b"text") == (b"text", None)

    run(main())


def test_a_reader_nobody_has_is_gone_and_its_protocol_goes_on():
    async def main():
        loop = asyncio.get_running_loop()
        reader = phaseloop.StreamReader(loop=loop)
        protocol = phaseloop.StreamReaderProtocol(reader, loop=loop)
        seen = weakref.ref(reader)
        del reader
        assert seen() is None and protocol._stream_reader is None
        protocol.data_received(b"data")
        assert protocol.eof_received() is True
        protocol.connection_lost(None)
        assert protocol._closed.done()

    phaseloop.run(main())


def test_a_server_keeps_its_reader_until_it_is_connected():
    async def main():
        loop = asyncio.get_running_loop()
        reader = phaseloop.StreamReader(loop=loop)
        protocol = phaseloop.StreamReaderProtocol(reader, lambda r, w: None, loop=loop)
        assert protocol._strong_reader is reader
        seen = weakref.ref(reader)
        del reader
        gc.collect()
        assert seen() is not None

    phaseloop.run(main())


def test_cycles_through_streams_are_collected():
    async def main():
        loop = asyncio.get_running_loop()
        reader = phaseloop.StreamReader(loop=loop)
        protocol = phaseloop.StreamReaderProtocol(reader, loop=loop)
        near, far = socket.socketpair()
        with far:
            transport, _ = await loop.create_connection(lambda: protocol, sock=near)
            writer = phaseloop.StreamWriter(transport, protocol, reader, loop)
            reader.mine, protocol.mine, writer.mine = writer, reader, protocol
            reader.feed_data(b"data")
            reader.set_exception(ValueError(reader))
            writer.close()
            await writer.wait_closed()
        return [weakref.ref(o) for o in (reader, protocol, writer)]

    left = phaseloop.run(main())
    gc.collect()
    assert [reference() for reference in left] == [None] * 3


def test_memory_is_given_back():
    async def main():
        loop = asyncio.get_running_loop()

        async def use():
            reader = phaseloop.StreamReader(limit=100, loop=loop)
            protocol = phaseloop.StreamReaderProtocol(reader, loop=loop)
            waiting = loop.create_task(reader.readuntil((b"no", b"nope") if TUPLES else b"no"))
            await asyncio.sleep(0)
            with pytest.raises(RuntimeError):
                await reader.read(1)
            for _ in range(5):
                reader.feed_data(b"some more")
            assert reader._buffer == b"some more" * 5
            waiting.cancel()
            await asyncio.wait([waiting])
            assert await reader.readexactly(9) == b"some more"
            reader.feed_data(b"x" * 1000)
            with pytest.raises(ValueError):
                await reader.readline()
            reader.feed_data(b"partial")
            protocol.connection_lost(None)
            with pytest.raises(asyncio.IncompleteReadError):
                await reader.readexactly(100)

        for _ in range(50):
            await use()
        gc.collect()
        blocks = sys.getallocatedblocks()
        for _ in range(500):
            await use()
        gc.collect()
        return sys.getallocatedblocks() - blocks

    assert phaseloop.run(main()) < 100


TUPLES = sys.version_info >= (3, 13)


def test_a_buffer_that_is_looked_at_stays_the_buffer():
    """Whoever has the bytearray sees what comes, and what he changes is what is read."""

    async def main():
        reader = phaseloop.StreamReader(loop=asyncio.get_running_loop())
        buffer = reader._buffer
        reader.feed_data(b"abc")
        assert buffer == b"abc" and reader._buffer is buffer
        buffer[0:1] = b"A"
        assert await reader.read(2) == b"Ab"
        assert buffer == b"c"
        with memoryview(buffer), pytest.raises(BufferError):
            await reader.read(1)
        reader._buffer = bytearray(b"new")
        assert await reader.read(10) == b"new"

    phaseloop.run(main())


def test_anything_may_take_the_buffers_place():
    """asyncio's own methods are then at work, with whatever comes of it."""

    class Noting(bytearray):
        def extend(self, data):
            noted.append(bytes(data))
            super().extend(data)

    noted = []
    # From 3.15 on bytearrays have a method for it.
    refusal = AttributeError if hasattr(bytearray, "take_bytes") else TypeError

    async def main():
        reader = phaseloop.StreamReader(loop=asyncio.get_running_loop())
        reader._buffer = ["no buffer"]
        with pytest.raises(refusal):
            await reader.read(1)
        reader._buffer = bytearray()
        waiting = asyncio.ensure_future(reader.read(1))
        await asyncio.sleep(0)
        reader._buffer = ["no buffer"]
        reader._wakeup_waiter()
        with pytest.raises(refusal):
            await waiting
        reader._buffer = Noting()
        reader.feed_data(b"data")
        assert await reader.read(10) == b"data"

    phaseloop.run(main())
    assert noted == [b"data"]
