"""Numbers of every kind, wherever asyncio counts with one that it was given."""

import asyncio
import decimal
import enum
import fractions
import math
import socket
import warnings

from registry import program


class Level(enum.IntEnum):
    TWO = 2


class Index:
    """As the integers of other libraries: no int, but what an int is wanted for takes it."""

    def __init__(self, value):
        self.value = value

    def __index__(self):
        return self.value

    def __repr__(self):
        return f"Index({self.value})"


class Counted(Index):
    """As numpy's integers: compares and counts, and stays of its type."""

    __int__ = Index.__index__

    def __add__(self, other):
        return Counted(self.value + int(other))

    def __sub__(self, other):
        return Counted(self.value - int(other))

    def __mul__(self, other):
        return Counted(self.value * int(other))

    __radd__, __rmul__ = __add__, __mul__

    def __eq__(self, other):
        return self.value == int(other)

    def __lt__(self, other):
        return self.value < int(other)

    def __le__(self, other):
        return self.value <= int(other)

    def __gt__(self, other):
        return self.value > int(other)

    def __ge__(self, other):
        return self.value >= int(other)

    __hash__ = None


ODD = (
    *(0, 1, 2, 3, -1, True, False, 2**31, 2**62, 2**63 - 1, 2**63, 2**70, -(2**70)),
    *(0.0, 0.5, 1.0, 2.5, -0.5, math.inf, -math.inf, math.nan, 1e300),
    *(fractions.Fraction(3, 2), decimal.Decimal(2), decimal.Decimal("Infinity"), Level.TWO),
    *(Index(2), Counted(2), Counted(0), 1j, "2", b"2", None, [], (1,)),
)


def each(t, what, use):
    """What use(number) returns or raises, for every number."""
    for number in ODD:
        try:
            t(what, number, use(number))
        except Exception as error:
            t(what, number, "raised", type(error).__qualname__, str(error))


def each_awaited(t, what, use):
    """The same of what a coroutine function comes to, unless it waits for ever."""

    async def to_the_end(number):
        task = asyncio.ensure_future(use(number))
        for _ in range(20):
            await asyncio.sleep(0)
        done = task.done()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for each in left:
            each.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        return task.result() if done else "waits"

    each(t, what, lambda number: t.loop.run_until_complete(to_the_end(number)))


@program
def semaphores(t):
    for kind in (asyncio.Semaphore, asyncio.BoundedSemaphore):

        async def use(number, kind=kind):
            semaphore = kind(number)
            seen = [semaphore, semaphore._value, semaphore.locked()]
            for _ in range(2):
                await semaphore.acquire()
                seen.append((semaphore._value, semaphore.locked()))
            semaphore.release()
            seen.append((semaphore._value, type(semaphore._value).__qualname__))
            semaphore.release()
            return *seen, semaphore._value, semaphore

        each_awaited(t, kind.__qualname__, use)


@program
def semaphores_with_waiters(t):
    async def use(number):
        semaphore = asyncio.Semaphore(number)
        order = []

        async def work(name):
            async with semaphore:
                order.append((name, semaphore._value))
                await asyncio.sleep(0)

        tasks = [asyncio.ensure_future(work(name)) for name in "abcd"]
        await asyncio.sleep(0)
        tasks[2].cancel()
        await asyncio.wait(tasks)
        return order, semaphore._value, [task.cancelled() for task in tasks]

    each_awaited(t, "four", use)


@program
def a_value_set_from_outside(t):
    """A program puts another number in while somebody waits."""

    async def use(number):
        semaphore = asyncio.Semaphore(0)
        tasks = [asyncio.ensure_future(semaphore.acquire()) for _ in range(2)]
        await asyncio.sleep(0)
        semaphore._value = number
        seen = [semaphore._value, semaphore.locked()]
        try:
            semaphore.release()
            await asyncio.sleep(0)
            seen += [semaphore._value, [task.done() for task in tasks]]
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            ends = ["cancelled" if task.cancelled() else task.exception() for task in tasks]
        return seen, semaphore._value, ends

    each_awaited(t, "set", use)


@program
def queues(t):
    for kind in (asyncio.Queue, asyncio.LifoQueue, asyncio.PriorityQueue):

        async def use(number, kind=kind):
            queue = kind(number)
            seen = [queue.maxsize, queue, queue.full(), queue.empty()]
            for item in range(3):
                try:
                    queue.put_nowait(item)
                except asyncio.QueueFull:
                    seen.append("full")
            seen += [queue.qsize(), queue.full(), queue._unfinished_tasks]
            await queue.put(7)
            return *seen, queue

        each_awaited(t, kind.__qualname__, use)


@program
def unfinished_tasks_set_from_outside(t):
    async def use(number):
        queue = asyncio.Queue()
        queue._unfinished_tasks = number
        queue.put_nowait(1)
        seen = [queue._unfinished_tasks, queue]
        queue.task_done()
        seen.append(queue._unfinished_tasks)
        await queue.join()
        return seen, queue._finished.is_set()

    each_awaited(t, "unfinished", use)


@program
def barriers(t):
    async def use(number):
        barrier = asyncio.Barrier(number)
        seen = [barrier.parties, barrier.n_waiting, barrier]
        return seen, sorted(await asyncio.gather(barrier.wait(), barrier.wait())), barrier

    each_awaited(t, "parties", use)

    async def count(number):
        barrier = asyncio.Barrier(2)
        barrier._count = number
        return await barrier.wait(), barrier._count

    each_awaited(t, "count", count)


@program
def conditions(t):
    async def use(number):
        condition = asyncio.Condition()

        async def wait():
            async with condition:
                await condition.wait()

        tasks = [asyncio.ensure_future(wait()) for _ in range(3)]
        await asyncio.sleep(0)
        try:
            async with condition:
                condition.notify(number)
        finally:
            for _ in range(4):
                await asyncio.sleep(0)
            woken = [task.done() for task in tasks]
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        return woken

    each_awaited(t, "notify", use)


@program
def stream_readers(t):
    def reader(limit=64):
        made = asyncio.StreamReader(limit=limit, loop=t.loop)
        made.feed_data(b"ab\ncd\nefgh")
        return made

    async def limited(number):
        made = reader(number)
        seen = [made._limit, made]
        seen.append(await made.readline())
        made.feed_data(b"x" * 10)
        made.feed_eof()
        return *seen, await made.readuntil(b"d\n"), await made.read()

    each_awaited(t, "limit", limited)

    async def read(number):
        made = reader()
        data = await made.read(number)
        return data, bytes(made._buffer)

    each_awaited(t, "read", read)

    async def read_exactly(number):
        made = reader()
        made.feed_eof()
        try:
            return await made.readexactly(number), bytes(made._buffer)
        except asyncio.IncompleteReadError as error:
            return "incomplete", error.partial, error.expected

    each_awaited(t, "readexactly", read_exactly)


@program
def write_buffer_limits(t):
    ours, theirs = socket.socketpair()

    async def connect():
        return await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=ours)

    transport, _ = t.loop.run_until_complete(connect())

    def limits(**given):
        transport.set_write_buffer_limits(**given)
        return transport.get_write_buffer_limits()

    each(t, "high", lambda number: limits(high=number))
    each(t, "low", lambda number: limits(low=number))
    each(t, "both", lambda number: limits(high=number, low=1))
    limits()
    each(t, "written with", lambda number: (limits(high=number), transport.write(b"x"))[0])
    transport.abort()
    t.spin(3)
    theirs.close()


@program
def socket_calls(t):
    async def use(number):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.setblocking(False)
            theirs.send(b"abcdef")
            return await asyncio.get_running_loop().sock_recv(ours, number)

    small = [number for number in ODD if not (isinstance(number, int) and number > 2**31)]
    for number in small:
        try:
            t("sock_recv", number, t.loop.run_until_complete(use(number)))
        except Exception as error:
            t("sock_recv", number, "raised", type(error).__qualname__)


@program
def backlogs(t):
    async def use(number):
        loop = asyncio.get_running_loop()
        server = await loop.create_server(asyncio.Protocol, "127.0.0.1", 0, backlog=number)
        try:
            return len(server.sockets), server._backlog
        finally:
            server.close()

    # asyncio leaves the socket of a server that it could not start to the garbage collector.
    warnings.simplefilter("ignore", ResourceWarning)
    for number in ODD:
        try:
            t("backlog", number, t.loop.run_until_complete(use(number)))
        except Exception as error:
            t("backlog", number, "raised", type(error).__qualname__)


@program
def slow_callback_duration(t):
    t.loop.set_debug(True)

    def use(number):
        t.loop.slow_callback_duration = number
        t.spin()
        return t.loop.slow_callback_duration

    for number in ODD:
        t("duration", number)
        t.plain("is", use, number)
    t.loop.slow_callback_duration = 10


@program
def counters(t):
    """Requests to cancel are ints that count up and down."""

    async def main():
        task = asyncio.current_task()
        t(task.cancelling(), task.uncancel(), type(task.uncancel()).__qualname__)
        task.cancel()
        t(task.cancelling(), task.uncancel(), task.uncancel(), task.cancelling())

    t.run(main())
