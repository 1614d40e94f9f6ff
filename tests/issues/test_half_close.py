"""After write_eof(), or the peer's, the other direction did not go on."""

import asyncio
import socket

import pytest
from peers import HOST, Noting, address_of


class KeepsOpen(Noting):
    def eof_received(self):
        super().eof_received()
        return True


@pytest.mark.parametrize("big", [10, 1 << 22], ids=["little", "much"])
def test_what_is_answered_after_eof_arrives(any_runtime, big):
    async def serve(reader, writer):
        question = await reader.read()
        await asyncio.sleep(0.01)
        writer.write(question[::-1] * big)
        writer.write_eof()
        await writer.drain()

    async def main():
        async with await asyncio.start_server(serve, HOST, 0) as server:
            reader, writer = await asyncio.open_connection(*address_of(server))
            assert writer.can_write_eof()
            writer.write(b"ab")
            writer.write_eof()
            writer.write_eof()
            with pytest.raises(RuntimeError, match=r"Cannot call write\(\) after write_eof\(\)"):
                writer.write(b"more")
            answer = await reader.read()
            assert len(answer) == 2 * big and answer.startswith(b"baba")
            writer.close()
            await writer.wait_closed()

    any_runtime.run_until_complete(asyncio.wait_for(main(), 10))


def test_eof_comes_behind_all_that_was_written(either_loop):
    async def main():
        ours, theirs = socket.socketpair()
        with theirs:
            transport, protocol = await either_loop.create_connection(KeepsOpen, sock=ours)
            size = 1 << 22
            transport.write(bytes(size))
            transport.write_eof()
            theirs.setblocking(False)
            received = 0
            while data := await either_loop.sock_recv(theirs, 1 << 20):
                received += len(data)
            assert received == size
            theirs.send(b"still heard")
            theirs.shutdown(socket.SHUT_WR)
            while "eof" not in protocol.kinds:
                await asyncio.sleep(0)
            assert protocol.data == b"still heard"
            assert not transport.is_closing()
            transport.close()
            assert await asyncio.wait_for(protocol.lost, 5) is None

    either_loop.run_until_complete(asyncio.wait_for(main(), 10))


def test_a_peer_that_only_listens_is_still_written_to(either_loop):
    async def main():
        ours, theirs = socket.socketpair()
        with theirs:
            transport, protocol = await either_loop.create_connection(KeepsOpen, sock=ours)
            theirs.shutdown(socket.SHUT_WR)
            while "eof" not in protocol.kinds:
                await asyncio.sleep(0)
            await asyncio.sleep(0.01)
            assert protocol.kinds == ["made", "eof"]
            theirs.setblocking(False)
            for _ in range(3):
                transport.write(b"still sent")
                assert await either_loop.sock_recv(theirs, 100) == b"still sent"
            transport.close()
            assert await asyncio.wait_for(protocol.lost, 5) is None

    either_loop.run_until_complete(asyncio.wait_for(main(), 10))
