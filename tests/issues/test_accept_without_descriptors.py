"""With no descriptor free for accept(), a server spun or stopped serving for good."""

import asyncio
import contextlib
import os
import resource
import socket

from descriptors import open_descriptors, seconds_busy
from peers import HOST, Noting, address_of, until

MESSAGE = "socket.accept() out of system resource"


@contextlib.contextmanager
def no_descriptor_free():
    """Takes every number that there is up to the one below the limit."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(open_descriptors()) + 8, limits[1]))
    taken = []
    try:
        with contextlib.suppress(OSError):
            while True:
                taken.append(os.open("/dev/null", os.O_RDONLY))
        yield
    finally:
        for fd in taken:
            os.close(fd)
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_accepting_backs_off_and_recovers(either_loop):
    heard = []
    accepted = []

    def accept():
        accepted.append(Noting())
        return accepted[-1]

    async def main():
        either_loop.set_exception_handler(lambda _, context: heard.append(context))
        server = await either_loop.create_server(accept, HOST, 0)
        clients = [socket.socket() for _ in range(3)]
        for client in clients:
            client.setblocking(False)
        address = address_of(server)
        with no_descriptor_free():
            for client in clients:
                client.connect_ex(address)
            busy = await seconds_busy(asyncio.sleep, 0.2)
        assert busy < 0.07
        assert accepted == []
        # asyncio says so once for every connection that the backlog may hold.
        assert {context["message"] for context in heard} == {MESSAGE}
        assert heard[0]["socket"].getsockname() == address
        await until(lambda: len(accepted) == 3)
        for client in clients:
            client.send(b"hello")
        await until(lambda: all(protocol.data == b"hello" for protocol in accepted))
        for client in clients:
            client.close()
        for protocol in accepted:
            assert await protocol.lost is None
        server.close()
        await server.wait_closed()

    either_loop.run_until_complete(asyncio.wait_for(main(), 20))


def test_a_server_closed_while_it_backs_off_stays_closed(either_loop):
    heard = []

    async def main():
        either_loop.set_exception_handler(lambda _, context: heard.append(context["message"]))
        server = await either_loop.create_server(Noting, HOST, 0)
        before = open_descriptors()
        address = address_of(server)
        with socket.socket() as client:
            client.setblocking(False)
            with no_descriptor_free():
                client.connect_ex(address)
                await asyncio.sleep(0.05)
            server.close()
            await asyncio.sleep(1.2)
        assert len(open_descriptors()) == len(before) - 1

    either_loop.run_until_complete(main())
    assert heard[0] == MESSAGE
