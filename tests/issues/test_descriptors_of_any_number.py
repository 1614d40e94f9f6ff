"""A descriptor's number may be anything: no room is made for the numbers below it, and want of
memory is an error."""

import asyncio
import fcntl
import os
import resource
import socket
import subprocess
import sys

import pytest

HUGE = 2**31 - 2


class SaysAnyNumber(socket.socket):
    def fileno(self):
        return HUGE


def under_a_limit(program):
    """What a program prints that may use some memory more than it has after its imports."""
    limited = (
        f"import resource\nresource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\n{program}"
    )
    done = subprocess.run(
        [sys.executable, "-c", limited], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


PROGRAM = """
import asyncio, socket, phaseloop
class SaysAnyNumber(socket.socket):
    def fileno(self):
        return 2**31 - 2
async def attempt(make):
    sock = SaysAnyNumber(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        await make(asyncio.get_running_loop(), sock)
        return "made"
    except (OSError, MemoryError) as exc:
        return type(exc).__name__
async def stream(loop, sock):
    transport, _ = await loop.connect_accepted_socket(asyncio.Protocol, SaysAnyNumber())
    await asyncio.sleep(0)
    transport.abort()
async def datagrams(loop, sock):
    transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, sock=sock)
    transport.abort()
async def reader(loop, sock):
    loop.add_reader(sock, print)
async def receive(loop, sock):
    sock.setblocking(False)
    await loop.sock_recv(sock, 1)
async def main():
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    for make in (stream, datagrams, reader, receive):
        print(await attempt(make))
with asyncio.Runner(loop_factory=FACTORY) as runner:
    runner.run(main())
print("alive")
"""


@pytest.mark.skipif(
    "asan" in os.environ.get("LD_PRELOAD", ""),
    reason="the shadow memory of AddressSanitizer is larger than any limit",
)
def test_an_absurd_number_makes_room_for_no_other():
    wanted = under_a_limit(PROGRAM.replace("FACTORY", "asyncio.SelectorEventLoop"))
    assert under_a_limit(PROGRAM.replace("FACTORY", "phaseloop.new_event_loop")) == wanted


def highest_number():
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 1


def test_the_highest_number_that_a_process_may_use_works(either_loop):
    loop = either_loop
    a, b = socket.socketpair()
    high = fcntl.fcntl(a, fcntl.F_DUPFD, highest_number())
    assert high == highest_number()
    with a, b, socket.socket(fileno=high) as far:
        a.close()
        far.setblocking(False)
        b.setblocking(False)

        async def main():
            loop.add_reader(far, int)
            assert loop.remove_reader(far)
            receiving = loop.create_task(loop.sock_recv(far, 10))
            await asyncio.sleep(0)
            await loop.sock_sendall(b, b"x")
            assert await receiving == b"x"
            reader, writer = await asyncio.open_connection(sock=far)
            writer.write(b"y")
            assert await loop.sock_recv(b, 10) == b"y"
            await loop.sock_sendall(b, b"line\n")
            assert await reader.readline() == b"line\n"
            writer.close()
            await writer.wait_closed()

        loop.run_until_complete(main())


def test_watching_what_cannot_be_watched_changes_nothing(either_loop):
    a, b = socket.socketpair()
    called = []
    with a, b:
        either_loop.add_reader(a, called.append, 1)
        for number in (HUGE, 9999):
            with pytest.raises(OSError):
                either_loop.add_reader(number, called.append, 2)
            assert not either_loop.remove_reader(number)
        b.send(b"x")
        either_loop.call_later(0.01, either_loop.stop)
        either_loop.run_forever()
        assert set(called) == {1}
        either_loop.remove_reader(a)


def test_fork_while_a_watched_descriptor_is_ready(loop):
    """The child ends its run and closes the loop while its queue still names what was watched."""
    a, b = socket.socketpair()
    statuses = []

    def forks(sock):
        loop.remove_reader(sock)
        pid = os.fork()
        if pid:
            statuses.append(os.waitpid(pid, 0)[1])
        else:
            statuses.append("child")
        loop.call_soon(loop.stop)

    with a, b:
        a.send(b"x")
        b.send(b"x")
        loop.add_reader(a, forks, a)
        loop.add_reader(b, forks, b)
        loop.run_forever()
        if "child" in statuses:
            status = 1
            try:
                loop.close()
                status = 0
            finally:
                os._exit(status)
    assert statuses in ([0], [0, 0])
