"""Barrier: rounds, being aborted and reset, cancellation, and what it is when nobody looks."""

import asyncio
import inspect

from registry import program
from transcript import hops


def crowd(t, barrier, count, rounds=1):
    async def one(name):
        for _ in range(rounds):
            try:
                t(name, await barrier.wait(), barrier.n_waiting, barrier)
            except (asyncio.BrokenBarrierError, asyncio.CancelledError) as caught:
                t(name, caught)
                if isinstance(caught, asyncio.CancelledError):
                    raise

    return [t.loop.create_task(one(f"task {i}"), name=f"task {i}") for i in range(count)]


@program
def rounds(t):
    async def main():
        barrier = asyncio.Barrier(3)
        t(barrier.parties, barrier.n_waiting, barrier.broken, barrier)
        await asyncio.gather(*crowd(t, barrier, 3, rounds=3))
        await asyncio.gather(*crowd(t, barrier, 6))
        async with asyncio.Barrier(1) as position:
            t(position)

    t.run(main())


@program
def aborted(t):
    async def main():
        barrier = asyncio.Barrier(3)
        tasks = crowd(t, barrier, 2)
        await hops(2)
        t(barrier.n_waiting)
        await barrier.abort()
        await asyncio.gather(*tasks)
        t(barrier.broken, barrier)
        for call in (barrier.wait, barrier.__aenter__):
            try:
                await call()
            except asyncio.BrokenBarrierError as caught:
                t(caught)
        await barrier.reset()
        await asyncio.gather(*crowd(t, barrier, 3))

    t.run(main())


@program
def reset(t):
    async def main():
        barrier = asyncio.Barrier(3)
        tasks = crowd(t, barrier, 2)
        await hops(2)
        await barrier.reset()
        late = crowd(t, barrier, 3)
        await asyncio.gather(*tasks, *late)
        t(barrier)

    t.run(main())


@program
def cancelled(t):
    async def main():
        barrier = asyncio.Barrier(3)
        tasks = crowd(t, barrier, 4, rounds=2)
        await hops(1)
        tasks[1].cancel("one less")
        await hops(6)
        t(barrier, [task.done() for task in tasks])
        for task in tasks:
            task.cancel()
        t(await asyncio.gather(*tasks, return_exceptions=True), barrier)

    t.run(main())


@program
def refused(t):
    for parties in (0, -1, None, "three"):
        t.refusal(parties, asyncio.Barrier, parties)
    t.refusal("nothing", asyncio.Barrier)
    t(asyncio.Barrier(parties=2).parties, asyncio.Barrier(1.5).parties)
    t(inspect.signature(asyncio.Barrier), inspect.iscoroutinefunction(asyncio.Barrier.wait))

    class Own(asyncio.Barrier):
        async def wait(self):
            t("own wait")
            return await super().wait()

    async def main():
        async with Own(1) as position:
            t(position)

    t.run(main())
