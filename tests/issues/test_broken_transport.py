"""Writing on a transport whose peer has gone raised, or its connection_lost() never came."""

import asyncio
import socket
import struct

import pytest
from peers import HOST, Noting, address_of


async def connected(loop):
    """A transport, its protocol, and the plain socket at the other end."""
    with socket.create_server((HOST, 0)) as listener:
        listener.setblocking(False)
        connecting = asyncio.ensure_future(loop.sock_accept(listener))
        transport, protocol = await loop.create_connection(Noting, *listener.getsockname())
        other, _ = await connecting
    return transport, protocol, other


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def test_writes_after_a_reset_do_not_raise(either_loop):
    async def main():
        transport, protocol, other = await connected(either_loop)
        reset(other)
        for _ in range(20):
            transport.write(b"into the void")
            transport.writelines([b"and", b"again"])
            await asyncio.sleep(0)
        error = await asyncio.wait_for(protocol.lost, 5)
        assert isinstance(error, ConnectionError)
        assert transport.is_closing()
        transport.write(b"after the end")
        transport.writelines([b"after", b"the end"])
        transport.close()
        transport.abort()
        await asyncio.sleep(0.01)
        assert [what[0] for what in protocol.seen].count("lost") == 1

    either_loop.run_until_complete(main())


@pytest.mark.parametrize("pending", [0, 1 << 24], ids=["nothing pending", "much pending"])
@pytest.mark.parametrize("paused", [False, True], ids=["reading", "paused"])
def test_connection_lost_comes_whatever_was_pending(either_loop, pending, paused):
    async def main():
        transport, protocol, other = await connected(either_loop)
        if paused:
            await asyncio.sleep(0.001)
            transport.pause_reading()
        if pending:
            transport.write(bytes(pending))
        reset(other)
        transport.write(b"x")
        error = await asyncio.wait_for(protocol.lost, 5)
        assert isinstance(error, ConnectionError)
        assert transport.get_write_buffer_size() == 0

    either_loop.run_until_complete(main())


def test_drain_and_wait_closed_of_a_broken_stream(either_loop):
    async def main():
        async def serve(reader, writer):
            await reader.read(1)
            writer.transport.abort()

        async with await asyncio.start_server(serve, HOST, 0) as server:
            _, writer = await asyncio.open_connection(*address_of(server))
            with pytest.raises(ConnectionError):
                while True:
                    writer.write(bytes(1 << 16))
                    await writer.drain()
            writer.write(b"more")
            writer.close()
            with pytest.raises(ConnectionError):
                await writer.wait_closed()

    either_loop.run_until_complete(asyncio.wait_for(main(), 20))


def test_the_log_is_told_of_writes_that_go_nowhere(either_loop, caplog):
    async def main():
        transport, protocol, other = await connected(either_loop)
        with other:
            transport.abort()
            for _ in range(8):
                transport.write(b"x")
            await protocol.lost

    either_loop.run_until_complete(main())
    assert caplog.messages == ["socket.send() raised exception."] * 4
