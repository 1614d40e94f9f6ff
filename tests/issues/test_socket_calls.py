"""sock_recv() and its kin: native calls that leave their registration for the next one."""

import array
import asyncio
import errno
import inspect
import os
import socket
import ssl

import phaseloop
import pytest
from descriptors import seconds_busy

LARGE = 1 << 22


def pair(kind=socket.SOCK_STREAM):
    ours, theirs = socket.socketpair(socket.AF_UNIX, kind)
    ours.setblocking(False)
    theirs.setblocking(False)
    return ours, theirs


def run(loop, main, *arguments):
    return loop.run_until_complete(asyncio.wait_for(main(*arguments), 20))


async def later(loop, waiting, act, *arguments):
    """The outcome of `waiting`, once it waits and act(argument…) has been called."""
    task = loop.create_task(waiting)
    await asyncio.sleep(0.01)
    assert not task.done()
    act(*arguments)
    return await task


@pytest.mark.parametrize("at_once", [True, False])
def test_receiving(either_loop, at_once):
    loop = either_loop

    async def main():
        ours, theirs = pair(socket.SOCK_DGRAM)

        async def received(waiting, data):
            if at_once:
                theirs.send(data)
                return await waiting
            return await later(loop, waiting, theirs.send, data)

        with ours, theirs:
            assert await received(loop.sock_recv(ours, 3), b"abcdef") == b"abc"
            assert await received(loop.sock_recv(ours, 1 << 20), b"large") == b"large"
            buffer = bytearray(4)
            assert await received(loop.sock_recv_into(ours, buffer), b"ab") == 2
            assert buffer == b"ab\0\0"
            assert await received(loop.sock_recv_into(ours, memoryview(buffer)[2:]), b"cd") == 2
            assert buffer == b"abcd"
            assert await received(loop.sock_recvfrom(ours, 9), b"from") == (b"from", None)
            assert await received(loop.sock_recvfrom_into(ours, buffer), b"xyzzy") == (4, None)
            assert await received(loop.sock_recvfrom_into(ours, buffer, 1), b"ZZ") == (1, None)
            assert await received(loop.sock_recvfrom_into(ours, buffer, 0), b"AB") == (2, None)
            assert buffer == b"ABzz"

    run(loop, main)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_sending_more_than_there_is_room_for(either_loop, kind):
    async def main():
        ours, theirs = pair()
        data = os.urandom(LARGE)
        with ours, theirs:
            sending = either_loop.create_task(either_loop.sock_sendall(ours, kind(data)))
            received = bytearray()
            while len(received) < LARGE:
                received += await either_loop.sock_recv(theirs, LARGE)
            assert await sending is None
            assert received == data
            assert await either_loop.sock_sendall(ours, b"") is None

    run(either_loop, main)


def test_items_larger_than_bytes(either_loop):
    """asyncio compares what was sent with the number of items, and sends the rest from there."""

    async def main():
        ours, theirs = pair()
        with ours, theirs:
            data = array.array("I", range(100))
            sending = either_loop.create_task(either_loop.sock_sendall(ours, data))
            await asyncio.sleep(0.01)
            sending.cancel()
            assert await either_loop.sock_recv(theirs, 4096) == data.tobytes()

    run(either_loop, main)


def test_a_buffer_on_its_way_keeps_its_size(either_loop):
    async def main():
        ours, theirs = pair()
        with ours, theirs:
            data = bytearray(LARGE)
            sending = either_loop.create_task(either_loop.sock_sendall(ours, data))
            await asyncio.sleep(0.01)
            with pytest.raises(BufferError):
                data.clear()
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
            sending = None
            await asyncio.sleep(0)
            data.clear()

    run(either_loop, main)


def test_accepting(either_loop):
    async def main():
        with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as client:
            listener.setblocking(False)
            address = listener.getsockname()
            accepting = either_loop.sock_accept(listener)
            connection, peer = await later(either_loop, accepting, client.connect, address)
            with connection:
                assert peer == client.getsockname()
                assert connection.gettimeout() == 0

    run(either_loop, main)


def test_what_nobody_receives_does_not_keep_the_loop_busy(either_loop):
    async def main():
        ours, theirs = pair()
        with ours, theirs:
            for _ in range(3):
                waiting = either_loop.sock_recv(ours, 10)
                assert await later(either_loop, waiting, theirs.send, b"x") == b"x"
            theirs.send(b"nobody asks for this")
            assert await seconds_busy(asyncio.sleep) < 0.03

    run(either_loop, main)


class Received(asyncio.Protocol):
    def __init__(self):
        self.data = asyncio.get_running_loop().create_future()

    def data_received(self, data):
        self.data.set_result(data)


@pytest.mark.parametrize("user", ["transport", "call", "reader"])
def test_the_number_goes_to_another_socket_at_once(either_loop, user):
    """What the call has left behind must not be taken for the other's, nor the other's for it."""
    loop = either_loop

    async def main():
        for _ in range(5):
            ours, theirs = pair()
            await later(loop, loop.sock_recv(ours, 10), theirs.send, b"x")
            number = ours.fileno()
            with theirs:
                ours.close()
                again, other = pair()
                assert number in (again.fileno(), other.fileno())
                if other.fileno() == number:
                    again, other = other, again
                with again, other:
                    assert await received(again, other) == b"for the other"

    async def received(sock, other):
        if user == "call":
            waiting = loop.create_task(loop.sock_recv(sock, 100))
        elif user == "reader":
            waiting = loop.create_future()
            loop.add_reader(sock, lambda: waiting.set_result(sock.recv(100)))
        else:
            transport, protocol = await loop.create_connection(Received, sock=sock)
            waiting = protocol.data
        await asyncio.sleep(0.01)
        other.send(b"for the other")
        try:
            return await waiting
        finally:
            if user == "reader":
                assert loop.remove_reader(sock)
            elif user == "transport":
                transport.abort()
                await asyncio.sleep(0)

    run(loop, main)


def test_a_closed_socket_leaves_its_caller_waiting_and_nobody_else(either_loop):
    async def main():
        ours, theirs = pair()
        waiting = either_loop.create_task(either_loop.sock_recv(ours, 10))
        await asyncio.sleep(0.01)
        number = ours.fileno()
        ours.close()
        theirs.close()
        await asyncio.sleep(0.01)
        assert not waiting.done()
        again, other = pair()
        assert number in (again.fileno(), other.fileno())
        with again, other:
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            for here, there in ((again, other), (other, again)):
                receiving = either_loop.sock_recv(here, 10)
                assert await later(either_loop, receiving, there.send, b"x") == b"x"

    run(either_loop, main)


def test_the_last_to_ask_is_answered(either_loop):
    """As asyncio: a second caller takes the first one's place."""

    async def main():
        ours, theirs = pair()
        with ours, theirs:
            first = either_loop.create_task(either_loop.sock_recv(ours, 10))
            await asyncio.sleep(0.01)
            second = either_loop.sock_recv(ours, 10)
            assert await later(either_loop, second, theirs.send, b"x") == b"x"
            assert not first.done()
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first

    run(either_loop, main)


def test_readers_and_calls_replace_each_other(either_loop):
    async def main():
        ours, theirs = pair()
        with ours, theirs:
            waiting = either_loop.create_task(either_loop.sock_recv(ours, 10))
            await asyncio.sleep(0.01)
            assert either_loop._selector.get_key(ours).fd == ours.fileno()
            assert either_loop.remove_reader(ours)
            assert not either_loop.remove_reader(ours)
            theirs.send(b"1")
            await asyncio.sleep(0.01)
            assert not waiting.done()
            seen = either_loop.create_future()
            either_loop.add_reader(ours, lambda: seen.set_result(ours.recv(10)))
            waiting.cancel()
            assert await seen == b"1"
            receiving = either_loop.sock_recv(ours, 10)
            assert await later(either_loop, receiving, theirs.send, b"2") == b"2"
            assert not either_loop.remove_reader(ours)

    run(either_loop, main)


def test_both_directions_at_once(either_loop):
    async def main():
        ours, theirs = pair()
        with ours, theirs:
            sending = either_loop.create_task(either_loop.sock_sendall(ours, bytes(LARGE)))
            receiving = either_loop.create_task(either_loop.sock_recv(ours, 10))
            await asyncio.sleep(0.01)
            theirs.send(b"x")
            assert await receiving == b"x"
            receiving = either_loop.create_task(either_loop.sock_recv(ours, 10))
            count = 0
            while count < LARGE:
                count += len(await either_loop.sock_recv(theirs, LARGE))
            await sending
            theirs.send(b"y")
            assert await receiving == b"y"

    run(either_loop, main)


async def error_of(awaitable):
    try:
        return await awaitable
    except Exception as exc:
        return type(exc), str(exc)


def refused():
    """What each bad call comes to."""

    async def main():
        loop = asyncio.get_running_loop()
        ours, theirs = pair()
        closed = socket.socket()
        closed.close()
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        datagrams.setblocking(False)
        with (
            ours,
            theirs,
            datagrams,
            ssl.create_default_context().wrap_socket(
                socket.socket(), server_hostname="localhost"
            ) as encrypted,
        ):
            yield await error_of(loop.sock_recv(encrypted, 1))
            yield await error_of(loop.sock_sendall(encrypted, b"x"))
            for size in (-1, 0, 1.5, "1", None, 1 << 70):
                theirs.send(b"x")
                yield await error_of(loop.sock_recv(ours, size))
            yield await error_of(loop.sock_recv(closed, 1))
            yield await error_of(loop.sock_sendall(closed, b"x"))
            yield await error_of(loop.sock_accept(closed))
            yield await error_of(loop.sock_accept(ours))
            yield await error_of(loop.sock_recv_into(ours, b"not writable"))
            yield await error_of(loop.sock_recv_into(ours, bytearray()))
            yield await error_of(loop.sock_recv_into(ours, None))
            yield await error_of(loop.sock_recvfrom_into(ours, b"not writable"))
            yield await error_of(loop.sock_recvfrom_into(ours, bytearray(2), 3))
            yield await error_of(loop.sock_recvfrom_into(ours, bytearray(2), -3))
            yield await error_of(loop.sock_sendall(ours, "text"))
            yield await error_of(loop.sock_sendall(ours, memoryview(bytes(8))[::2]))
            yield await error_of(loop.sock_sendto(datagrams, b"x", ("127.0.0.1",)))
            yield await error_of(loop.sock_sendto(datagrams, bytes(1 << 20), ("127.0.0.1", 9)))
            theirs.close()
            yield await error_of(loop.sock_recv(ours, 100))
            yield await error_of(loop.sock_recv(ours, 100))
            yield await error_of(loop.sock_sendall(ours, b"x"))
            loop.set_debug(True)
            ours.setblocking(True)
            yield await error_of(loop.sock_recv(ours, 100))
            yield await error_of(loop.sock_accept(ours))

    async def collected():
        return [outcome async for outcome in main()]

    return collected()


def test_bad_calls_are_refused_as_by_asyncio():
    outcomes = []
    for factory in (asyncio.SelectorEventLoop, phaseloop.new_event_loop):
        loop = factory()
        outcomes.append(loop.run_until_complete(refused()))
        loop.close()
    assert outcomes[0] == outcomes[1]


def test_a_transport_has_the_descriptor_to_itself(either_loop):
    async def main():
        ours, theirs = pair()
        with theirs:
            transport, _ = await either_loop.create_connection(Received, sock=ours)
            for waiting in (either_loop.sock_recv(ours, 9), either_loop.sock_recvfrom(ours, 9)):
                with pytest.raises(RuntimeError, match="is used by transport"):
                    await waiting
            transport.abort()
            await asyncio.sleep(0)

    run(either_loop, main)


def test_tasks_of_other_kinds(either_loop):
    """Python's own task, and a generator that hands on what the call yields."""

    async def main():
        ours, theirs = pair()
        with ours, theirs:
            task = asyncio.tasks._PyTask(either_loop.sock_recv(ours, 10), loop=either_loop)
            await asyncio.sleep(0.01)
            theirs.send(b"x")
            assert await task == b"x"

    run(either_loop, main)


def test_a_loop_that_is_not_the_tasks(either_loop):
    async def main():
        ours, theirs = pair()
        other = type(either_loop)()
        try:
            with ours, theirs:
                with pytest.raises(RuntimeError, match="attached to a different loop"):
                    await other.sock_recv(ours, 10)
                theirs.send(b"x")
                assert await other.sock_recv(ours, 10) == b"x"
        finally:
            other.close()

    run(either_loop, main)


def test_they_pass_for_coroutines(either_loop):
    with socket.socket() as sock:
        for name in ("sock_recv", "sock_sendall"):
            method = getattr(either_loop, name)
            assert inspect.iscoroutinefunction(method)
            made = method(sock, b"")
            assert asyncio.iscoroutine(made)
            assert made.__name__ == name
            assert made.__qualname__ == f"BaseSelectorEventLoop.{name}"
            message = f"coroutine 'BaseSelectorEventLoop.{name}' was never awaited"
            with pytest.warns(RuntimeWarning, match=message):
                del made


def test_order(either_loop):
    """A call that has waited takes as many turns of the loop as asyncio's to return."""
    seen = []

    async def main():
        ours, theirs = pair()
        with ours, theirs:

            async def receive():
                await either_loop.sock_recv(ours, 10)
                seen.append("received")

            receiving = either_loop.create_task(receive())
            await asyncio.sleep(0)
            theirs.send(b"x")
            for turn in range(6):
                await asyncio.sleep(0)
                seen.append(turn)
            await receiving

    run(either_loop, main)
    assert seen == [0, 1, "received", 2, 3, 4, 5]


@pytest.mark.parametrize("number", [1 << 30, (1 << 31) - 1])
def test_a_number_that_no_descriptor_has(either_loop, number):
    """Room was made for every number up to this one."""
    with pytest.raises(OSError) as refusal:
        either_loop.add_reader(number, print)
    assert refusal.value.errno == errno.EBADF
