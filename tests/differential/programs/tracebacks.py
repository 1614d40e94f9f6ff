"""What tracebacks show of errors that pass through asyncio's coroutines: the program's own frames
and asyncio's, line by line.
"""

import asyncio
import re
import socket
import traceback

from programs.coroutines import Waiting, holder
from registry import program


def shown(exc):
    """The lines of a traceback, files without their folders."""
    return [
        re.sub(r'File ".*?([^/]*)"', r'File "\1"', line)
        for text in traceback.format_exception(exc)
        for line in text.splitlines()
    ]


def tell(t, name, exc):
    t(f"--- {name}")
    for line in shown(exc):
        t(line)


async def error_of(awaitable):
    """What comes out of it."""
    try:
        await awaitable
    except BaseException as exc:
        return exc
    return None


async def each(t, cases):
    for name, make in cases.items():
        exc = await error_of(holder(make()))
        tell(t, name, exc) if exc else t(name, "no error")


async def failing(after=0):
    for _ in range(after):
        await asyncio.sleep(0)
    raise ValueError("of the program")


@program
def cancelled_while_they_wait(t):
    async def main():
        waiting = Waiting()
        await waiting.set_up()
        for name, make in waiting.all().items():
            if name in ("condition", "predicate") and not waiting.condition.locked():
                await waiting.condition.acquire()
            task = asyncio.ensure_future(error_of(holder(make())))
            await asyncio.sleep(0)
            task.cancel()
            tell(t, name, await task) if name != "sleep(0)" else await error_of(task)
        waiting.close()

    t.run(main())


@program
def cancelled_before_they_begin(t):
    async def main():
        waiting = Waiting()
        await waiting.set_up()
        for name, make in waiting.all().items():
            if name == "wait_for a coroutine":  # a frame in the traceback holds asyncio's argument
                continue
            task = asyncio.ensure_future(make())
            task.cancel()
            tell(t, name, await error_of(task))
        waiting.close()

    t.run(main())


@program
def thrown_into_sleep(t):
    for delay in 0, 50:

        async def main(delay=delay):
            coroutine = asyncio.sleep(delay)
            coroutine.send(None)
            try:
                coroutine.throw(KeyError("thrown"))
            except KeyError as exc:
                tell(t, delay, exc)

        t.run(main())


@program
def time_is_up(t):
    async def main():
        future = t.loop.create_future
        t.set = None

        async def within():
            async with asyncio.timeout(0.001):
                await future()

        await each(
            t,
            {
                "wait_for a future": lambda: asyncio.wait_for(future(), 0.001),
                "wait_for a coroutine": lambda: asyncio.wait_for(holder(future()), 0.001),
                "wait_for sleep": lambda: asyncio.wait_for(asyncio.sleep(5), 0.001),
                "wait_for, no time": lambda: asyncio.wait_for(future(), 0),
                "timeout": within,
                "as_completed": lambda: next(iter(asyncio.as_completed([future()], timeout=0.001))),
            },
        )

    t.run(main())


@program
def what_they_wait_for_fails(t):
    async def main():
        loop = t.loop

        def failed(after=0):
            return loop.create_task(failing(after))

        def failed_future():
            future = loop.create_future()
            loop.call_soon(future.set_exception, ValueError("set"))
            return future

        async def group():
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(failing())

        await each(
            t,
            {
                "wait_for a coroutine": lambda: asyncio.wait_for(failing(), 5),
                "later": lambda: asyncio.wait_for(failing(2), 5),
                "no timeout": lambda: asyncio.wait_for(failing(2), None),
                "wait_for a task": lambda: asyncio.wait_for(failed(2), 5),
                "wait_for a future": lambda: asyncio.wait_for(failed_future(), 5),
                "gather": lambda: asyncio.gather(failing(), failing(1)),
                "shield": lambda: asyncio.shield(failing(1)),
                "as_completed": lambda: next(iter(asyncio.as_completed([failed(2)]))),
                "group": group,
            },
        )

    t.run(main())


@program
def predicates_that_fail(t):
    async def main():
        condition = asyncio.Condition()
        answers = []

        def predicate():
            return answers.pop()

        async def at_once():
            async with condition:
                await condition.wait_for(predicate)

        async def later():
            answers.append(False)
            async with condition:
                await condition.wait_for(predicate)

        async def notify():
            async with condition:
                condition.notify_all()

        t.loop.call_later(0.01, lambda: t.loop.create_task(notify()))
        await each(t, {"at once": at_once, "later": later})

    t.run(main())


@program
def primitives_misused(t):
    async def main():
        condition = asyncio.Condition()
        lock, semaphore = asyncio.Lock(), asyncio.BoundedSemaphore(1)

        async def releases(owner):
            async with owner:
                owner.release()

        await each(
            t,
            {
                "wait without the lock": condition.wait,
                "wait_for without the lock": lambda: condition.wait_for(lambda: False),
                "lock": lambda: releases(lock),
                "condition": lambda: releases(condition),
                "semaphore": lambda: releases(semaphore),
            },
        )

    t.run(main())


@program
def primitives_of_another_loop(t):
    waiting = Waiting()
    used = {
        "lock": waiting.lock.acquire,
        "lock, entered": waiting.lock.__aenter__,
        "semaphore": waiting.semaphore.acquire,
        "event": waiting.event.wait,
        "get": waiting.empty.get,
        "put": lambda: waiting.full.put(2),
    }

    async def first():
        await waiting.lock.acquire()
        for make in used.values():
            task = asyncio.ensure_future(error_of(make()))
            await asyncio.sleep(0)
            task.cancel()
            await task

    async def second():
        await each(t, used)

    t.run(first())
    t.loop.close()
    other = t.new_loop()
    other.run_until_complete(second())
    waiting.close()


@program
def barriers_broken(t):
    async def main():
        barrier = asyncio.Barrier(2)
        task = asyncio.ensure_future(error_of(barrier.wait()))
        entered = asyncio.ensure_future(error_of(asyncio.Barrier(2).__aenter__()))
        await asyncio.sleep(0)
        await barrier.abort()
        tell(t, "waiting", await task)
        tell(t, "afterwards", await error_of(barrier.wait()))
        tell(t, "entered", await error_of(barrier.__aenter__()))
        entered.cancel()
        await entered

    t.run(main())


@program
def cancelled_while_another_has_the_lock(t):
    async def main():
        condition = asyncio.Condition()

        async def waits():
            async with condition:
                await condition.wait()

        task = asyncio.ensure_future(error_of(waits()))
        await asyncio.sleep(0)
        await condition.acquire()
        task.cancel()
        await asyncio.sleep(0)
        condition.release()
        tell(t, "cancelled once", await task)

    t.run(main())


@program
def cancelled_again_while_the_lock_is_taken_back(t):
    async def main():
        condition = asyncio.Condition()

        async def waits():
            async with condition:
                await condition.wait()

        task = asyncio.ensure_future(error_of(waits()))
        await asyncio.sleep(0)
        await condition.acquire()
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0)
        condition.release()
        tell(t, "cancelled twice", await task)

    t.run(main())


@program(since=(3, 13))
def queues_shut_down(t):
    async def main():
        empty, full = asyncio.Queue(), asyncio.Queue(1)
        full.put_nowait(1)
        tasks = [asyncio.ensure_future(error_of(each)) for each in (empty.get(), full.put(2))]
        await asyncio.sleep(0)
        empty.shutdown()
        full.shutdown()
        for task in tasks:
            tell(t, "waiting", await task)
        await each(t, {"get": empty.get, "put": lambda: full.put(3)})

    t.run(main())


def fed(data=b"", *, end=False, exc=None, limit=8):
    reader = asyncio.StreamReader(limit)
    reader.feed_data(data)
    if end:
        reader.feed_eof()
    if exc:
        reader.set_exception(exc)
    return reader


@program
def reading_fails(t):
    async def main():
        lost = ConnectionError("lost")
        await each(
            t,
            {
                "incomplete": lambda: fed(b"abc", end=True).readexactly(5),
                "incomplete until": lambda: fed(b"abc", end=True).readuntil(b"x"),
                "negative": lambda: fed().readexactly(-1),
                "empty separator": lambda: fed().readuntil(b""),
                "found too late": lambda: fed(b"0123456789x").readuntil(b"x"),
                "not found": lambda: fed(b"0123456789").readuntil(b"x"),
                "long line": lambda: fed(b"0123456789\n").readline(),
                "line without end": lambda: fed(b"0123456789").readline(),
                "read": lambda: fed(exc=lost).read(1),
                "read all": lambda: fed(exc=lost).read(),
                "readexactly": lambda: fed(exc=lost).readexactly(1),
                "readuntil": lambda: fed(exc=lost).readuntil(b"x"),
                "readline": lambda: fed(exc=lost).readline(),
                "next line": lambda: fed(exc=lost).__anext__(),
                "no more lines": lambda: fed(end=True).__anext__(),
            },
        )
        reader = fed()
        task = asyncio.ensure_future(reader.read(1))
        await asyncio.sleep(0)
        tell(t, "two readers", await error_of(reader.read(1)))
        reader.set_exception(lost)
        tell(t, "while it waits", await error_of(task))

    t.run(main())


@program
def writing_fails(t):
    async def main():
        ours, theirs = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=ours)
        reader.set_exception(ConnectionError("of the reader"))
        tell(t, "drain", await error_of(holder(writer.drain())))
        writer.close()
        theirs.close()
        tell(t, "closed", await error_of(holder(writer.drain())))

    t.run(main())


@program
def sockets_fail(t):
    async def main():
        a, b = socket.socketpair()
        listener = socket.socket()
        for each_socket in a, b, listener:
            each_socket.setblocking(False)
        loop = asyncio.get_running_loop()
        await each(
            t,
            {
                "recv": lambda: loop.sock_recv(listener, 10),
                "recv_into": lambda: loop.sock_recv_into(listener, bytearray(10)),
                "recvfrom": lambda: loop.sock_recvfrom(listener, 10),
                "recvfrom_into": lambda: loop.sock_recvfrom_into(listener, bytearray(10)),
                "accept": lambda: loop.sock_accept(listener),
            },
        )
        b.close()
        await each(
            t,
            {
                "sendall": lambda: loop.sock_sendall(a, b"data"),
                "sendto": lambda: loop.sock_sendto(listener, b"data", ("127.0.0.1", 0)),
            },
        )
        a.close()
        listener.close()

    t.run(main())
