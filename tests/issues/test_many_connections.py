"""Connections opened, used and dropped left descriptors, memory or tasks behind."""

import asyncio
import gc
import os
import resource
import socket
import struct
import sys
from pathlib import Path

import pytest
from descriptors import open_descriptors
from peers import HOST, Noting, address_of

CONNECTIONS = 10_000  # half of them through protocols, half through streams
AT_ONCE = 200
# What the allocator and the interpreter's own caches may keep after so many.
BYTES_TOLERATED = 4 << 20
BLOCKS_TOLERATED = 2_000


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


def close(transport):
    transport.close()


def abort(transport):
    transport.abort()


def reset(transport):
    sock = transport.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def use_once(loop, address, leave):
    transport, protocol = await loop.create_connection(Noting, *address)
    transport.write(b"ping")
    while protocol.data != b"ping":
        await asyncio.sleep(0)
    leave(transport)
    await protocol.lost


async def echo(reader, writer):
    try:
        while data := await reader.read(100):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def use_stream_once(loop, address, leave):
    reader, writer = await asyncio.open_connection(*address)
    writer.write(b"ping")
    await writer.drain()
    assert await reader.readexactly(4) == b"ping"
    leave(writer.transport)
    await writer.wait_closed()


KINDS = {
    "protocols": (use_once, lambda loop: loop.create_server(Echo, HOST, 0, backlog=AT_ONCE)),
    "streams": (use_stream_once, lambda loop: asyncio.start_server(echo, HOST, 0, backlog=AT_ONCE)),
}


def resident_bytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(
    resource.getrlimit(resource.RLIMIT_NOFILE)[0] < 3 * AT_ONCE,
    reason="the limit of open descriptors is too low for this many connections at once",
)
@pytest.mark.parametrize("kind", KINDS)
def test_connections_leave_nothing_behind(loop, installed, kind):
    use, start = KINDS[kind]
    ways = [close, abort, reset]

    async def wave(address):
        await asyncio.gather(*[use(loop, address, ways[at % len(ways)]) for at in range(AT_ONCE)])

    async def main():
        server = await start(loop)
        address = address_of(server)
        for _ in range(4):
            await wave(address)
        before = await settled()
        for _ in range(CONNECTIONS // len(KINDS) // AT_ONCE):
            await wave(address)
        after = await settled()
        server.close()
        return before, after

    before, after = loop.run_until_complete(asyncio.wait_for(main(), 100))
    assert after[0] == before[0]
    assert after[1] == before[1]
    assert after[2] - before[2] < BLOCKS_TOLERATED
    if "ASAN_OPTIONS" not in os.environ:  # it keeps what was freed in its quarantine
        assert after[3] - before[3] < BYTES_TOLERATED


async def settled():
    """Descriptors, tasks, memory blocks and bytes once everything closed is gone."""
    await asyncio.sleep(0.05)
    gc.collect()
    return open_descriptors(), len(asyncio.all_tasks()), sys.getallocatedblocks(), resident_bytes()
