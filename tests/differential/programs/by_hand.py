"""Coroutines of asyncio's that a program drives itself, in every stage and out of turn."""

import asyncio
import gc
import socket
import warnings

from registry import program
from transcript import hops

# --- every coroutine that can wait ----------------------------------------------------------------


def sockets(t):
    """Two connected sockets, closed when the program's loop is."""
    pair = socket.socketpair()
    for end in pair:
        end.setblocking(False)
    t.ends = [*getattr(t, "ends", []), *pair]
    return pair


async def locked(t):
    lock = asyncio.Lock()
    await lock.acquire()
    return lock


async def taken_condition(t):
    condition = asyncio.Condition()
    await condition.acquire()
    return condition


async def full_queue(t):
    queue = asyncio.Queue(1)
    queue.put_nowait(1)
    return queue


async def entered_group(t):
    group = asyncio.TaskGroup()
    await group.__aenter__()
    group.create_task(hops(30))
    return group


def next_completed(t):
    return next(iter(asyncio.as_completed([t.loop.create_future()])))


def not_completed_in_time(t):
    return next(iter(asyncio.as_completed([t.loop.create_future()], timeout=5)))


def filled_socket(t):
    end = sockets(t)[0]
    try:
        while True:
            end.send(bytes(65536))
    except BlockingIOError:
        return end


def listening_socket(t):
    listener = socket.socket(socket.AF_UNIX)
    listener.setblocking(False)
    listener.bind("")
    listener.listen()
    t.ends = [*getattr(t, "ends", []), listener]
    return listener


async def reader(t):
    return asyncio.StreamReader()


KINDS = {
    "sleep": lambda t: asyncio.sleep(5, "slept"),
    "sleep with a list": lambda t: asyncio.sleep(5, []),
    "wait": lambda t: asyncio.wait([t.loop.create_future()]),
    "wait with timeout": lambda t: asyncio.wait([t.loop.create_future()], timeout=5),
    "as_completed": next_completed,
    "as_completed with timeout": not_completed_in_time,
    "wait_for a future": lambda t: asyncio.wait_for(t.loop.create_future(), None),
    "wait_for a future in time": lambda t: asyncio.wait_for(t.loop.create_future(), 5),
    "wait_for sleep": lambda t: asyncio.wait_for(asyncio.sleep(5), None),
    "wait_for sleep in time": lambda t: asyncio.wait_for(asyncio.sleep(5), 7),
    "wait_for wait_for": lambda t: asyncio.wait_for(asyncio.wait_for(hops(20), None), None),
    "Event.wait": lambda t: asyncio.Event().wait(),
    "Semaphore.acquire": lambda t: asyncio.Semaphore(0).acquire(),
    "Queue.get": lambda t: asyncio.Queue().get(),
    "Barrier.wait": lambda t: asyncio.Barrier(2).wait(),
    "sock_recv": lambda t: t.loop.sock_recv(sockets(t)[0], 10),
    "sock_recv_into": lambda t: t.loop.sock_recv_into(sockets(t)[0], bytearray(10)),
    "sock_sendall": lambda t: t.loop.sock_sendall(filled_socket(t), bytes(100000)),
    "sock_accept": lambda t: t.loop.sock_accept(listening_socket(t)),
}
# Those that something has to be awaited for before.
PREPARED = {
    "Lock.acquire": (locked, lambda lock: lock.acquire()),
    "Lock.__aenter__": (locked, lambda lock: lock.__aenter__()),
    "Condition.wait": (taken_condition, lambda condition: condition.wait()),
    "Condition.wait_for": (taken_condition, lambda condition: condition.wait_for(lambda: False)),
    "Queue.put": (full_queue, lambda queue: queue.put(2)),
    "Queue.join": (full_queue, lambda queue: queue.join()),
    "TaskGroup.__aexit__": (entered_group, lambda group: group.__aexit__(None, None, None)),
    "StreamReader.read": (reader, lambda reader: reader.read(1)),
    "StreamReader.readline": (reader, lambda reader: reader.readline()),
    "StreamReader.readexactly": (reader, lambda reader: reader.readexactly(3)),
    "StreamReader.readuntil": (reader, lambda reader: reader.readuntil(b"x")),
}


async def coroutines(t, without=()):
    """Every kind: its name, and a function that makes one."""
    for name, make in KINDS.items():
        yield name, lambda make=make: make(t)
    for name, (prepare, make) in PREPARED.items():
        if name in without:
            continue
        prepared = await prepare(t)
        yield name, lambda make=make, prepared=prepared: make(prepared)


# --- what is done to them -------------------------------------------------------------------------


class Own(BaseException):
    pass


ACTIONS = {
    "send": lambda c: c.send(None),
    "send a value": lambda c: c.send("value"),
    "throw": lambda c: c.throw(Own("thrown")),
    "throw a class": lambda c: c.throw(Own),
    "throw StopIteration": lambda c: c.throw(StopIteration(3)),
    "throw GeneratorExit": lambda c: c.throw(GeneratorExit()),
    "throw CancelledError": lambda c: c.throw(asyncio.CancelledError("by hand")),
    "throw no exception": lambda c: c.throw(42),
    "close": lambda c: c.close(),
}


def shown(value):
    if asyncio.isfuture(value):
        return f"a future, blocking {value._asyncio_future_blocking}, done {value.done()}"
    return "nothing" if value is None else type(value).__name__


def act(t, what, coroutine):
    """Do it, and write what came of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            value = ACTIONS[what](coroutine)
        except BaseException as exc:
            exc.__context__ = exc.__cause__ = None
            t("  ", what, "raised", exc)
        else:
            t("  ", what, "gave", shown(value))


async def ended(task):
    """How the task has come to its end; it is cancelled if nothing else ends it."""
    await hops(3)
    cancelled = "" if task.done() else f", after cancel() {task.cancel('cleaned up')}"
    await asyncio.wait([task], timeout=10)
    if not task.done():
        return "never" + cancelled
    if task.cancelled():
        return "cancelled" + cancelled
    return f"{task.exception()!r}" + cancelled


async def cancel_others():
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def in_each_kind(t, examine):
    async def main():
        async for name, make in coroutines(t):
            for what in ACTIONS:
                t(name)
                await examine(make, what)
                gc.collect()
        await cancel_others()

    t.run(main())
    for end in getattr(t, "ends", []):
        end.close()


@program
def out_of_turn_before_the_start(t):
    # What they were given is not awaited either, and goes when the last traceback does.
    warnings.simplefilter("ignore", RuntimeWarning)

    async def examine(make, what):
        coroutine = make()
        act(t, what, coroutine)
        act(t, "send", coroutine)
        act(t, "close", coroutine)
        act(t, "throw", coroutine)
        act(t, "send a value", coroutine)

    in_each_kind(t, examine)


@program
def out_of_turn_in_the_middle(t):
    async def examine(make, what):
        coroutine = make()
        act(t, "send", coroutine)
        act(t, what, coroutine)
        act(t, what, coroutine)
        act(t, "close", coroutine)

    in_each_kind(t, examine)


@program
def behind_the_back_of_its_task(t):
    async def examine(make, what):
        coroutine = make()
        task = asyncio.ensure_future(coroutine)
        await hops(2)
        act(t, what, coroutine)
        act(t, what, coroutine)
        t("   task ended:", await ended(task))
        act(t, what, coroutine)

    in_each_kind(t, examine)


@program
def behind_the_back_of_a_task_that_awaits_it(t):
    async def awaits(coroutine):
        try:
            return await coroutine
        finally:
            t("   left")

    async def examine(make, what):
        outer = awaits(make())
        task = asyncio.ensure_future(outer)
        await hops(2)
        act(t, what, outer)
        act(t, what, outer)
        t("   task ended:", await ended(task))

    in_each_kind(t, examine)


@program
def behind_the_back_below_the_task(t):
    async def examine(make, what):
        inner = make()

        async def awaits():
            return await inner

        task = asyncio.ensure_future(awaits())
        await hops(2)
        act(t, what, inner)
        t("   task ended:", await ended(task))

    in_each_kind(t, examine)


@program
def a_second_task_for_the_same_coroutine(t):
    async def main():
        async for name, make in coroutines(t):
            coroutine = make()
            first = asyncio.ensure_future(coroutine)
            await hops(2)
            second = asyncio.ensure_future(coroutine)
            await hops(2)
            t(name, first.done(), second.done())
            t("   second", await ended(second))
            t("   first", await ended(first))

    t.run(main())
    for end in getattr(t, "ends", []):
        end.close()


# --- while it runs --------------------------------------------------------------------------------


def reentering(t, box, what, later):
    """An awaitable that does `what` to the coroutine that awaits it."""

    class Inner:
        def __await__(self):
            if later:
                yield from asyncio.sleep(0).__await__()
            act(t, what, box[0])
            return "inner"

    return Inner()


WRAPPERS = {
    "wait_for": lambda inner: asyncio.wait_for(inner, None),
    "wait_for in wait_for": lambda inner: asyncio.wait_for(asyncio.wait_for(inner, None), None),
}


def while_it_runs(t, later):
    async def main():
        for name, make in WRAPPERS.items():
            for what in ACTIONS:
                t(name)
                box = []
                box.append(make(reentering(t, box, what, later)))
                try:
                    t("  ", await box[0])
                except BaseException as exc:
                    t("   ended by", type(exc).__name__)

    t.run(main())


@program
def reentered_in_its_first_step(t):
    while_it_runs(t, later=False)


@program
def reentered_in_a_later_step(t):
    while_it_runs(t, later=True)


@program
def closed_by_what_it_is_closed_with(t):
    """close() of what a coroutine awaits sends to the coroutine."""

    class Inner:
        def __init__(self, what):
            self.what = what

        def __await__(self):
            return self

        def __iter__(self):
            return self

        def __next__(self):
            return None

        def close(self):
            t("   inner closed")
            act(t, self.what, self.outer)

    async def main():
        for what in "send", "send a value":
            inner = Inner(what)
            inner.outer = asyncio.wait_for(inner, None)
            t(what)
            act(t, "send", inner.outer)
            act(t, "close", inner.outer)
            act(t, "send", inner.outer)

    t.run(main())


@program
def what_is_awaited_lacks_methods(t):
    class Bare:
        def __await__(self):
            return self

        def __iter__(self):
            return self

        def __next__(self):
            return None

    class Failing(Bare):
        def close(self):
            raise KeyError("close")

        def throw(self, *args):
            raise KeyError("throw")

    class Stubborn(Bare):
        def throw(self, *args):
            t("   throw", len(args))
            return None

    class Ending(Bare):
        def throw(self, *args):
            raise StopIteration("its end")

    async def main():
        for kind in Bare, Failing, Stubborn, Ending:
            for what in ACTIONS:
                t(kind.__name__)
                coroutine = asyncio.wait_for(kind(), None)
                act(t, "send", coroutine)
                act(t, what, coroutine)
                act(t, "close", coroutine)
                act(t, "send", coroutine)

    t.run(main())


@program
def clean_up_code_closes_the_coroutines_of_all_tasks(t):
    async def sleeper():
        await asyncio.sleep(5)

    async def main():
        tasks = [asyncio.ensure_future(sleeper())]
        # A task group would cancel this task.
        async for _, make in coroutines(t, without=["TaskGroup.__aexit__"]):
            tasks.append(asyncio.ensure_future(make()))
        await hops(2)
        for task in sorted(asyncio.all_tasks(), key=lambda task: int(task.get_name()[5:])):
            try:
                task.get_coro().close()
            except BaseException as exc:
                t("own task:", exc)
        for task in tasks:
            t(await ended(task))
        await cancel_others()

    t.run(main())
    for end in getattr(t, "ends", []):
        end.close()
