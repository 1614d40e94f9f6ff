"""Empty datagrams were taken for the end of a stream, or not delivered; one that was refused ended
the endpoint."""

import asyncio
import socket
import sys

import pytest
from peers import HOST, until


class Datagrams(asyncio.DatagramProtocol):
    def __init__(self):
        self.seen = []
        self.lost = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self.seen.append("made")

    def datagram_received(self, data, addr):
        self.seen.append((data, addr))

    def error_received(self, exc):
        self.seen.append(exc)

    def connection_lost(self, exc):
        self.lost.set_result(exc)


def test_an_empty_datagram_is_one(either_loop):
    async def main():
        transport, protocol = await either_loop.create_datagram_endpoint(
            Datagrams, local_addr=(HOST, 0)
        )
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.bind((HOST, 0))
            sender = peer.getsockname()
            for data in (b"", b"full", b""):
                peer.sendto(data, transport.get_extra_info("sockname"))
            await until(lambda: len(protocol.seen) == 4)
            assert protocol.seen == ["made", (b"", sender), (b"full", sender), (b"", sender)]
            assert not transport.is_closing()
        transport.close()
        assert await protocol.lost is None

    either_loop.run_until_complete(main())


@pytest.mark.skipif(sys.version_info < (3, 13), reason="sendto(b'') did nothing before Python 3.13")
def test_an_empty_datagram_is_sent(either_loop):
    async def main():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.bind((HOST, 0))
            peer.settimeout(5)
            transport, _ = await either_loop.create_datagram_endpoint(
                Datagrams, remote_addr=peer.getsockname()
            )
            transport.sendto(b"")
            transport.sendto(b"full")
            transport.sendto(b"")
            assert [peer.recv(10) for _ in range(3)] == [b"", b"full", b""]
            transport.close()

    either_loop.run_until_complete(main())


def unused_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((HOST, 0))
        return sock.getsockname()


def test_a_refusal_is_told_and_no_end(either_loop):
    async def main():
        nobody = unused_port()
        transport, protocol = await either_loop.create_datagram_endpoint(
            Datagrams, remote_addr=nobody
        )
        for count in range(1, 4):
            transport.sendto(b"anybody?")
            await until(lambda: len(protocol.seen) > 1)
            assert {type(seen) for seen in protocol.seen[1:]} == {ConnectionRefusedError}
            del protocol.seen[1:]
            assert not transport.is_closing(), count
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.bind(nobody)
            peer.sendto(b"I am here now", transport.get_extra_info("sockname"))
            await until(lambda: len(protocol.seen) > 1)
            assert protocol.seen[1] == (b"I am here now", nobody)
        transport.close()
        assert await protocol.lost is None

    either_loop.run_until_complete(main())


def test_who_is_not_connected_does_not_hear_of_refusals(either_loop):
    async def main():
        transport, protocol = await either_loop.create_datagram_endpoint(
            Datagrams, local_addr=(HOST, 0)
        )
        for _ in range(3):
            transport.sendto(b"anybody?", unused_port())
            await asyncio.sleep(0.01)
        assert protocol.seen == ["made"]
        transport.abort()
        assert await protocol.lost is None

    either_loop.run_until_complete(main())
