"""A bytearray changed after write() changed what was sent, or could not be resized."""

import asyncio
import os
import socket

import pytest
from peers import Noting


async def received(loop, sock, size):
    sock.setblocking(False)
    data = bytearray()
    while len(data) < size:
        data += await loop.sock_recv(sock, 1 << 20)
    return bytes(data)


def shown_as(kind, array):
    return array if kind is bytearray else memoryview(array)


@pytest.mark.parametrize("kind", [bytearray, memoryview])
@pytest.mark.parametrize("before", [0, 1 << 22], ids=["at once", "behind much else"])
def test_what_was_written_is_sent(loop, kind, before):
    async def main():
        ours, theirs = socket.socketpair()
        with theirs:
            transport, _ = await loop.create_connection(Noting, sock=ours)
            transport.write(b"." * before)
            array = bytearray(b"first" * 1000)
            transport.write(shown_as(kind, array))
            array[:5] = b"other"
            array += b"longer"
            array.clear()
            array = bytearray(b"second")
            transport.writelines([shown_as(kind, array), b"third"])
            array[:] = b"------"
            transport.close()
            data = await received(loop, theirs, before + 5011)
            assert data[before:] == b"first" * 1000 + b"secondthird"
            assert data[:before].count(b".") == before

    loop.run_until_complete(asyncio.wait_for(main(), 10))


def test_views_of_other_items_are_sent_as_bytes(either_loop):
    async def main():
        ours, theirs = socket.socketpair()
        with theirs:
            transport, _ = await either_loop.create_connection(Noting, sock=ours)
            transport.write(memoryview(bytearray(8)).cast("I"))
            transport.write(memoryview(b"0123456789")[2:4])
            transport.close()
            assert await received(either_loop, theirs, 10) == bytes(8) + b"23"

    either_loop.run_until_complete(main())


def test_a_datagram_keeps_its_contents(either_loop):
    address = f"\0phaseloop-{os.getpid()}-{type(either_loop).__name__}"

    async def main():
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as theirs:
            theirs.bind(address)
            theirs.setblocking(False)
            transport, _ = await either_loop.create_datagram_endpoint(
                asyncio.DatagramProtocol, remote_addr=address, family=socket.AF_UNIX
            )
            array = bytearray(b"first")
            # More than the socket takes, so that the last of them are queued.
            for _ in range(1000):
                transport.sendto(array)
            array[:] = b"other"
            assert transport.get_write_buffer_size() > 0
            transport.close()
            seen = {await either_loop.sock_recv(theirs, 100) for _ in range(1000)}
            assert seen == {b"first"}

    either_loop.run_until_complete(asyncio.wait_for(main(), 10))
