"""How many iterations of the loop lie between a cause and its effect, for every construct."""

import asyncio

from registry import program
from transcript import hops


class Ticker:
    """Counts the iterations of a loop, from a callback that is the first in each."""

    def __init__(self, loop):
        self.loop = loop
        self.count = 0
        self.running = True
        loop.call_soon(self.tick)

    def tick(self):
        self.count += 1
        if self.running:
            self.loop.call_soon(self.tick)


def measured(t, measure):
    """Run measure(lap), where lap(what) writes the iterations since the last lap."""
    ticker = Ticker(t.loop)
    last = 0

    def lap(*what):
        nonlocal last
        if what:
            t(*what, "took", ticker.count - last)
        last = ticker.count

    async def main():
        lap("first step")
        await measure(lap)
        ticker.running = False

    t.run(main())
    t("run_until_complete() went on for", ticker.count - last)


def a_future(t, after, result=None, exception=None):
    """A future done after so many iterations."""
    future = t.loop.create_future()

    def step(left):
        if left:
            t.loop.call_soon(step, left - 1)
        elif future.cancelled():
            pass
        elif exception is not None:
            future.set_exception(exception)
        else:
            future.set_result(result)

    step(after)
    return future


async def child(count, fails=False):
    await hops(count)
    if fails:
        raise ValueError("child")
    return count


@program
def sleep_zero(t):
    async def measure(lap):
        for _ in range(3):
            lap()
            await asyncio.sleep(0)
            lap("sleep(0)")
        lap()
        await asyncio.sleep(-1)
        lap("sleep(-1)")

    measured(t, measure)


@program
def await_future(t):
    async def measure(lap):
        for after in range(4):
            lap()
            await a_future(t, after)
            lap("future done after", after)
        for after in range(3):
            lap()
            try:
                await a_future(t, after, exception=ValueError())
            except ValueError:
                lap("future that fails after", after)

    measured(t, measure)


@program
def await_task(t):
    async def measure(lap):
        for count in range(4):
            lap()
            await t.loop.create_task(child(count))
            lap("task of hops", count)
        for count in range(2):
            lap()
            try:
                await t.loop.create_task(child(count, fails=True))
            except ValueError:
                lap("task that fails after", count)
        lap()
        await child(0)
        lap("coroutine")

    measured(t, measure)


@program
def a_chain_of_tasks(t):
    async def chain(depth):
        if depth:
            await asyncio.ensure_future(chain(depth - 1))

    async def measure(lap):
        for depth in range(4):
            lap()
            await chain(depth)
            lap("chain of", depth)

    measured(t, measure)


@program
def short_sleeps(t):
    """From the timer's own iteration on: no hop lies between, if it is due with another timer.

    The delays are long beside an iteration, so that none is due before all are.
    """
    import time

    async def sleeper(ticker, delay):
        await asyncio.sleep(delay)
        t("slept", delay, "in iteration", ticker.count - start[0])

    async def main():
        ticker = Ticker(t.loop)
        tasks = [asyncio.ensure_future(sleeper(ticker, d)) for d in (0.3, 0.1, 0.2)]
        t.loop.call_later(0.05, lambda: start.append(ticker.count))
        t.loop.call_later(0.4, lambda: t("last timer", ticker.count - start[0]))
        await asyncio.sleep(0)
        time.sleep(0.5)
        await asyncio.gather(*tasks)
        t("gathered in iteration", ticker.count - start[0])
        ticker.running = False

    start = []
    t.run(main())


@program
def gather(t):
    async def measure(lap):
        lap()
        await asyncio.gather()
        lap("of nothing")
        await asyncio.gather(child(0))
        lap("of one")
        await asyncio.gather(*(child(0) for _ in range(5)))
        lap("of five")
        await asyncio.gather(child(3), child(1))
        lap("of three and one")
        await asyncio.gather(a_future(t, 0), a_future(t, 0))
        lap("of futures done")
        await asyncio.gather(a_future(t, 2), a_future(t, 1))
        lap("of futures done later")
        await asyncio.gather(a_future(t, 0), child(2))
        lap("of a done future and a child")
        try:
            await asyncio.gather(child(2), child(1, fails=True))
        except ValueError:
            lap("that fails after one")
        lap()
        await asyncio.gather(child(2), child(1, fails=True), return_exceptions=True)
        lap("with return_exceptions")
        await asyncio.gather(asyncio.gather(child(1)), asyncio.gather(child(0), child(2)))
        lap("of gathers")

    measured(t, measure)


@program
def wait(t):
    async def measure(lap):
        for return_when in (
            asyncio.ALL_COMPLETED,
            asyncio.FIRST_COMPLETED,
            asyncio.FIRST_EXCEPTION,
        ):
            tasks = [t.loop.create_task(child(count)) for count in (2, 0, 1)]
            lap()
            await asyncio.wait(tasks, return_when=return_when)
            lap(return_when)
            await asyncio.wait(tasks)
            lap("the rest of them")
            await asyncio.wait(tasks, return_when=return_when)
            lap("all done before")
            await asyncio.wait([a_future(t, 2), tasks[0]], return_when=return_when)
            lap("one done before")
        tasks = [t.loop.create_task(child(2)), t.loop.create_task(child(1, fails=True))]
        lap()
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        lap("first exception after one")
        await asyncio.wait(tasks)
        tasks[1].exception()
        lap()
        await asyncio.wait([t.loop.create_task(child(1))], timeout=3600)
        lap("with a timeout")
        await asyncio.wait([t.loop.create_task(child(0))], timeout=0)
        lap()
        await asyncio.sleep(0)

    measured(t, measure)


@program
def as_completed(t):
    async def measure(lap):
        lap()
        # Some iterations apart: asyncio starts them in the order of a set, which is no order.
        for number, next_one in enumerate(asyncio.as_completed([child(6), child(0), child(3)])):
            await next_one
            lap("number", number)
        done = [a_future(t, 0, result=number) for number in range(3)]
        lap()
        for number, next_one in enumerate(asyncio.as_completed(done)):
            await next_one
            lap("done before, number", number)
        for next_one in asyncio.as_completed([child(0), child(3, fails=True)]):
            try:
                await next_one
                lap("did")
            except ValueError:
                lap("failed")

    measured(t, measure)


@program
def as_completed_where_all_complete_at_once(t):
    async def measure(lap):
        lap()
        for number, next_one in enumerate(asyncio.as_completed([child(1) for _ in range(4)])):
            await next_one
            lap("number", number)
        lap()
        for number, next_one in enumerate(asyncio.as_completed([child(1) for _ in range(3)])):
            await hops(4)
            lap()
            await next_one
            lap("late, number", number)

    measured(t, measure)


@program(since=(3, 13))
def as_completed_async(t):
    async def measure(lap):
        tasks = [t.loop.create_task(child(count)) for count in (6, 0, 3, 9)]
        lap()
        async for task in asyncio.as_completed(tasks):
            lap("task", tasks.index(task))
        async for task in asyncio.as_completed(tasks):
            lap("done before", task in tasks)

    measured(t, measure)


@program
def shield(t):
    async def measure(lap):
        for count in range(3):
            lap()
            await asyncio.shield(child(count))
            lap("of hops", count)
        lap()
        await asyncio.shield(a_future(t, 0))
        lap("of a done future")
        await asyncio.shield(a_future(t, 1))
        lap("of a future")

    measured(t, measure)


@program
def wait_for(t):
    async def measure(lap):
        for timeout in (None, 3600):
            for count in range(3):
                lap()
                await asyncio.wait_for(child(count), timeout)
                lap("timeout", timeout, "hops", count)
            await asyncio.wait_for(a_future(t, 0), timeout)
            lap("timeout", timeout, "a done future")
            await asyncio.wait_for(a_future(t, 2), timeout)
            lap("timeout", timeout, "a future")
            try:
                await asyncio.wait_for(child(1, fails=True), timeout)
            except ValueError:
                lap("timeout", timeout, "that fails")
        lap()
        try:
            await asyncio.wait_for(child(5), 0)
        except TimeoutError:
            lap("no time at all")

    measured(t, measure)


@program
def cancellation(t):
    async def measure(lap):
        async def victim(stops_after):
            try:
                await asyncio.sleep(3600)
            finally:
                await hops(stops_after)

        for stops_after in range(3):
            task = t.loop.create_task(victim(stops_after))
            await hops(2)
            task.cancel()
            lap()
            try:
                await task
            except asyncio.CancelledError:
                lap("cancelled, and cleaned up for", stops_after)
        task = t.loop.create_task(victim(0))
        task.cancel()
        lap()
        try:
            await task
        except asyncio.CancelledError:
            lap("cancelled before it started")
        future = asyncio.gather(child(5), child(6))
        await hops(1)
        future.cancel()
        lap()
        try:
            await future
        except asyncio.CancelledError:
            lap("gather cancelled")

    measured(t, measure)


@program
def callbacks_of_tasks(t):
    async def measure(lap):
        task = t.loop.create_task(child(2))
        task.add_done_callback(lambda _: lap("callback"))
        lap()
        await hops(6)
        lap()
        task.add_done_callback(lambda _: lap("callback of a done task"))
        await hops(2)

    measured(t, measure)


@program
def task_groups_and_timeouts(t):
    async def measure(lap):
        lap()
        async with asyncio.TaskGroup() as group:
            group.create_task(child(2))
            group.create_task(child(0))
        lap("group of two and none")
        async with asyncio.TaskGroup():
            pass
        lap("empty group")
        async with asyncio.timeout(3600):
            await child(1)
        lap("timeout")

    measured(t, measure)


@program
def executors(t):
    """From the iteration in which the thread's result comes in."""

    async def main():
        future = t.loop.run_in_executor(None, int, "5")
        while not future.done():
            await asyncio.sleep(0.001)
        lap_start = ticker.count
        t(await future, ticker.count - lap_start)

    ticker = Ticker(t.loop)
    t.run(main())
    ticker.running = False


@program
def primitives(t):
    async def measure(lap):
        lock, event = asyncio.Lock(), asyncio.Event()
        queue = asyncio.Queue()
        lap()
        async with lock:
            lap("lock free")
        t.loop.call_soon(event.set)
        await event.wait()
        lap("event")
        t.loop.call_soon(queue.put_nowait, 1)
        await queue.get()
        lap("queue")
        barrier = asyncio.Barrier(2)
        task = t.loop.create_task(barrier.wait())
        await barrier.wait()
        lap("barrier")
        await task
        lap("the other side of it")

    measured(t, measure)


@program(since=(3, 12))
def eager_tasks(t):
    async def measure(lap):
        t.loop.set_task_factory(asyncio.eager_task_factory)
        for count in range(3):
            lap()
            await t.loop.create_task(child(count))
            lap("task of hops", count)
        await asyncio.gather(child(0), child(0))
        lap("gather of none")
        await asyncio.gather(child(0), child(1))
        lap("gather of none and one")
        for number, next_one in enumerate(asyncio.as_completed([child(0), child(0), child(3)])):
            await next_one
            lap("as completed", number)
        await asyncio.wait([t.loop.create_task(child(0))])
        lap("wait")
        async with asyncio.TaskGroup() as group:
            group.create_task(child(0))
            group.create_task(child(1))
        lap("group")
        t.loop.set_task_factory(None)

    measured(t, measure)
