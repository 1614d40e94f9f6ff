"""A cancelled connect, accept or sock_*() left its descriptor with the poller: data that arrives
later kept the loop busy, or the next socket of that number was taken for the old one."""

import asyncio
import gc
import os
import socket

import pytest
from descriptors import Unanswering, open_descriptors, seconds_busy

CALLS = {}


def call(start):
    CALLS[start.__name__] = start
    return start


# Each starts what cannot be done yet, and returns with it the socket and what makes it possible.


def pair(kind=socket.SOCK_STREAM):
    ours, theirs = socket.socketpair(socket.AF_UNIX, kind)
    ours.setblocking(False)
    return ours, theirs


@call
def sock_recv(loop):
    ours, theirs = pair()
    return loop.sock_recv(ours, 10), ours, theirs, lambda: theirs.send(b"late")


@call
def sock_recv_into(loop):
    ours, theirs = pair()
    return loop.sock_recv_into(ours, bytearray(9)), ours, theirs, lambda: theirs.send(b"late")


@call
def sock_recvfrom(loop):
    ours, theirs = pair(socket.SOCK_DGRAM)
    return loop.sock_recvfrom(ours, 10), ours, theirs, lambda: theirs.send(b"late")


@call
def sock_recvfrom_into(loop):
    ours, theirs = pair(socket.SOCK_DGRAM)
    waiting = loop.sock_recvfrom_into(ours, bytearray(9))
    return waiting, ours, theirs, lambda: theirs.send(b"late")


def read_everything(sock):
    sock.setblocking(False)
    try:
        while sock.recv(1 << 20):
            pass
    except BlockingIOError:
        pass


@call
def sock_sendall(loop):
    ours, theirs = pair()
    return loop.sock_sendall(ours, bytes(1 << 22)), ours, theirs, lambda: read_everything(theirs)


@call
def sock_sendto(loop):
    ours, theirs = pair(socket.SOCK_DGRAM)
    address = f"\0phaseloop-{os.getpid()}-{theirs.fileno()}"
    theirs.close()
    theirs = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    theirs.bind(address)
    try:
        while True:
            ours.sendto(b"fills", address)
    except BlockingIOError:
        pass
    return loop.sock_sendto(ours, b"late", address), ours, theirs, lambda: read_everything(theirs)


@call
def sock_accept(loop):
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    client = socket.socket()
    return (
        loop.sock_accept(listener),
        listener,
        client,
        lambda: client.connect(listener.getsockname()),
    )


async def given_up(waiting, how):
    if how == "timed out":
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(waiting, 0.01)
        return
    task = asyncio.ensure_future(waiting)
    await asyncio.sleep(0 if how == "cancelled at once" else 0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("how", ["cancelled", "cancelled at once", "timed out"])
@pytest.mark.parametrize("name", CALLS)
def test_nothing_is_left_with_the_poller(either_loop, name, how):
    async def main():
        waiting, ours, theirs, make_possible = CALLS[name](either_loop)
        with theirs, ours:
            await given_up(waiting, how)
            with ours.dup():  # the kernel goes on watching what is open under another number
                make_possible()
                assert await seconds_busy(asyncio.sleep) < 0.03
                number = ours.fileno()
                ours.close()
                assert await seconds_busy(asyncio.sleep) < 0.03
                await the_number_works_again(either_loop, number)

    either_loop.run_until_complete(main())


async def the_number_works_again(loop, number):
    """Another socket gets the descriptor number, and is watched as if it were the first."""
    left, right = socket.socketpair()
    if right.fileno() == number:
        left, right = right, left
    if left.fileno() != number:
        os.dup2(left.fileno(), number)
        left.close()
    else:
        left.detach()
    with right:
        with socket.socket(fileno=number) as again:
            again.setblocking(False)
            waiting = asyncio.ensure_future(loop.sock_recv(again, 10))
            await asyncio.sleep(0.01)
            assert not waiting.done()
            right.send(b"new")
            assert await asyncio.wait_for(waiting, 5) == b"new"
            seen = loop.create_future()
            loop.add_reader(again, seen.set_result, "seen")
            right.send(b"more")
            assert await asyncio.wait_for(seen, 5) == "seen"
            assert loop.remove_reader(again)


def test_a_call_may_follow_the_cancelled_one(either_loop):
    async def main():
        ours, theirs = pair()
        with ours, theirs:
            for number in range(20):
                await given_up(either_loop.sock_recv(ours, 10), "cancelled")
                theirs.send(b"%d" % number)
                assert await either_loop.sock_recv(ours, 10) == b"%d" % number

    either_loop.run_until_complete(main())


async def connecting(loop, address):
    sock = socket.socket()
    sock.setblocking(False)
    try:
        await loop.sock_connect(sock, address)
    finally:
        sock.close()


CONNECTS = {
    "sock_connect": connecting,
    "create_connection": lambda loop, at: loop.create_connection(asyncio.Protocol, *at),
    "happy eyeballs": lambda loop, at: loop.create_connection(
        asyncio.Protocol, *at, happy_eyeballs_delay=0.001
    ),
    "open_connection": lambda loop, at: asyncio.open_connection(*at),
}


@pytest.mark.parametrize("how", ["cancelled", "cancelled at once", "timed out"])
@pytest.mark.parametrize("name", CONNECTS)
def test_a_connect_given_up_closes_its_own_and_no_other(either_loop, name, how):
    async def main():
        with Unanswering() as listener:
            before = open_descriptors()
            await given_up(CONNECTS[name](either_loop, listener.address), how)
            # These get the numbers that have become free. Who still closes by number closes them.
            files = [os.open("/dev/null", os.O_RDONLY) for _ in range(4)]
            for _ in range(3):
                await asyncio.sleep(0)
                gc.collect()
            for file in files:
                os.fstat(file)
                os.close(file)
            assert open_descriptors() == before

    either_loop.run_until_complete(asyncio.sleep(0.01))  # has its own descriptors by then
    either_loop.run_until_complete(main())


@pytest.mark.parametrize("how", ["cancelled at once", "timed out"])
def test_an_accept_given_up_takes_no_connection_with_it(either_loop, how):
    """What is accepted by then is either returned or still to be accepted."""

    async def main():
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.setblocking(False)
            await given_up(either_loop.sock_accept(listener), how)
            with socket.create_connection(listener.getsockname()) as client:
                accepted, address = await asyncio.wait_for(either_loop.sock_accept(listener), 5)
                with accepted:
                    assert address == client.getsockname()

    either_loop.run_until_complete(main())
