"""StreamWriter.start_tls() lost what the StreamReader had buffered, or read it as plain text."""

import asyncio
import inspect

import pytest
from peers import HOST, address_of, client_context, server_context


def test_what_was_buffered_is_still_there(any_runtime):
    async def serve(reader, writer):
        # In one write, of which the client takes a line before it starts TLS.
        writer.write(b"ready\n" + b"left over\n")
        await writer.start_tls(server_context())
        writer.write(await reader.readline())
        writer.close()

    async def main():
        async with await asyncio.start_server(serve, HOST, 0) as server:
            reader, writer = await asyncio.open_connection(*address_of(server))
            assert await reader.readline() == b"ready\n"
            await writer.start_tls(client_context())
            assert writer.get_extra_info("ssl_object") is not None
            writer.write(b"secret\n")
            assert await reader.readline() == b"left over\n"
            assert await reader.read() == b"secret\n"
            writer.close()
            await writer.wait_closed()

    any_runtime.run_until_complete(asyncio.wait_for(main(), 10))


def test_the_reader_that_has_paused_the_transport_goes_on(any_runtime):
    """The plain transport was paused for want of room, and nobody resumed the new one."""
    size = 300_000

    async def serve(reader, writer):
        await reader.readuntil(b"tls?")
        writer.write(b"yes\n")
        await writer.start_tls(server_context())
        writer.write(b"b" * size)
        await writer.drain()
        writer.close()

    async def main():
        async with await asyncio.start_server(serve, HOST, 0) as server:
            reader, writer = await asyncio.open_connection(*address_of(server), limit=1000)
            writer.write(b"tls?")
            assert await reader.readline() == b"yes\n"
            await writer.start_tls(client_context())
            await asyncio.sleep(0.05)
            assert await reader.readexactly(size) == b"b" * size
            assert await reader.read() == b""
            writer.close()

    any_runtime.run_until_complete(asyncio.wait_for(main(), 10))


def test_a_client_that_does_not_wait(any_runtime):
    """What it says first under TLS is with the reader already when the server starts TLS."""
    if asyncio.StreamWriter.__module__ == "asyncio.streams" and "_buffer" not in inspect.getsource(
        asyncio.BaseEventLoop.start_tls
    ):
        pytest.skip("asyncio's own streams of this version lose what is buffered")

    async def serve(reader, writer):
        assert await reader.readexactly(4) == b"tls?"
        await asyncio.sleep(0.02)
        await writer.start_tls(server_context())
        writer.write(await reader.readline())
        writer.close()

    async def main():
        async with await asyncio.start_server(serve, HOST, 0) as server:
            reader, writer = await asyncio.open_connection(*address_of(server))
            writer.write(b"tls?")
            await writer.start_tls(client_context())
            writer.write(b"secret\n")
            assert await reader.read() == b"secret\n"
            writer.close()

    any_runtime.run_until_complete(asyncio.wait_for(main(), 5))
