"""Waiting for several things, and for one thing with conditions."""

import asyncio

from task.row import row
from task.rows import bare
from task.rows.bare import nothing

SIZE = 1000


def thousand_floor(count):
    bare.batches(count, SIZE, nothing)


@row("combinators", 50_000, "child", floor=thousand_floor, quick=True)
async def gather_1000(count):
    """gather() of a thousand coroutines that return at once"""
    for _ in range(max(1, count // SIZE)):
        await asyncio.gather(*[nothing() for _ in range(SIZE)])


@row("combinators", 50_000, "child", floor=thousand_floor, quick=True)
async def as_completed_1000(count):
    """as_completed() of a thousand coroutines that return at once"""
    for _ in range(max(1, count // SIZE)):
        for next_done in asyncio.as_completed([nothing() for _ in range(SIZE)]):
            await next_done


@row("combinators", 50_000, "child", floor=thousand_floor, quick=True)
async def wait_1000(count):
    """wait() for a thousand tasks that return at once"""
    create_task = asyncio.get_running_loop().create_task
    for _ in range(max(1, count // SIZE)):
        await asyncio.wait([create_task(nothing()) for _ in range(SIZE)])


@row("combinators", 20_000, "wait")
async def wait_first(count):
    """wait(FIRST_COMPLETED) for one of a hundred futures, again and again"""
    loop = asyncio.get_running_loop()
    waiting = {loop.create_future() for _ in range(100)}
    for _ in range(count):
        future = loop.create_future()
        waiting.add(future)
        loop.call_soon(future.set_result, None)
        _, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for future in waiting:
        future.cancel()


@row("combinators", 50_000, "task", floor=thousand_floor, quick=True)
async def task_group_1000(count):
    """a TaskGroup of a thousand tasks that return at once"""
    for _ in range(max(1, count // SIZE)):
        async with asyncio.TaskGroup() as group:
            for _ in range(SIZE):
                group.create_task(nothing())


@row("combinators", 30_000, "timeout", floor=bare.switching, quick=True)
async def timeout(count):
    """timeout() around a sleep(0)"""
    for _ in range(count):
        async with asyncio.timeout(60):
            await asyncio.sleep(0)


@row("combinators", 20_000, "call", floor=bare.switching, quick=True)
async def wait_for(count):
    """wait_for() a coroutine that gives way once"""
    for _ in range(count):
        await asyncio.wait_for(asyncio.sleep(0), 60)


@row("combinators", 20_000, "call", floor=bare.switching)
async def shield(count):
    """shield() of a coroutine that gives way once"""
    for _ in range(count):
        await asyncio.shield(asyncio.sleep(0))
