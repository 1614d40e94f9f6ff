"""Tasks: made, awaited, resumed, cancelled."""

import asyncio

from task.row import row
from task.rows import bare
from task.rows.bare import nothing


def spawn_floor(count):
    for _ in range(count):
        bare.drive([nothing()])


@row("tasks", 60_000, "task", floor=spawn_floor, quick=True)
async def spawn(count):
    """make a task and await it, one after the other"""
    create_task = asyncio.get_running_loop().create_task
    for _ in range(count):
        await create_task(nothing())


@row("tasks", 100_000, "sleep", floor=bare.switching, quick=True)
async def sleep_zero(count):
    """asyncio.sleep(0): give way to the loop"""
    sleep = asyncio.sleep
    for _ in range(count):
        await sleep(0)


@row("tasks", 100_000, "switch", floor=lambda count: bare.batches(count // 10, 1000, ten_switches))
async def sleep_zero_1000_tasks(count):
    """sleep(0) in 1000 tasks side by side"""

    async def ten():
        for _ in range(10):
            await asyncio.sleep(0)

    for _ in range(max(1, count // 10_000)):
        for task in [asyncio.create_task(ten()) for _ in range(1000)]:
            await task


async def ten_switches():
    for _ in range(10):
        await bare.once()


@row("tasks", 60_000, "wake-up", floor=bare.switching, quick=True)
async def future_wakeup(count):
    """a future made, finished by a callback, and awaited"""
    loop = asyncio.get_running_loop()
    for _ in range(count):
        future = loop.create_future()
        loop.call_soon(future.set_result, None)
        await future


@row("tasks", 40_000, "task", since=(3, 12), floor=spawn_floor)
async def eager_tasks(count):
    """tasks that finish in their eager first step"""
    loop = asyncio.get_running_loop()
    loop.set_task_factory(asyncio.eager_task_factory)
    try:
        for _ in range(count):
            await loop.create_task(nothing())
    finally:
        loop.set_task_factory(None)


async def chain(depth):
    if depth:
        await chain(depth - 1)
    else:
        await asyncio.sleep(0)


async def bare_chain(depth):
    if depth:
        await bare_chain(depth - 1)
    else:
        await bare.once()


@row("tasks", 20_000, "chain", floor=lambda count: bare.batches(count, 10, lambda: bare_chain(100)))
async def await_chain(count):
    """a hundred coroutines awaiting one another, and a sleep(0) at the end"""
    for _ in range(count):
        await chain(100)


@row("tasks", 40_000, "task", quick=True)
async def cancel_10000(count):
    """ten thousand waiting tasks cancelled at once"""
    size = min(count, 10_000)
    loop = asyncio.get_running_loop()

    async def wait_for_ever():
        await loop.create_future()

    for _ in range(max(1, count // size)):
        tasks = [asyncio.create_task(wait_for_ever()) for _ in range(size)]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def resident():
    """Resident size of this process, bytes."""
    with open("/proc/self/statm") as statm:
        return 4096 * int(statm.read().split()[1])


async def sleepers(count, delay):
    """The number of bytes a task that sleeps beside count others, when all are asleep."""

    async def one(i):
        await asyncio.sleep(delay + (i % 100) / 1e5)

    before = resident()
    all_of_them = asyncio.gather(*[one(i) for i in range(count)])
    await asyncio.sleep(0)
    asleep = resident()
    await all_of_them
    return {"bytes_per_task": (asleep - before) / count}


@row("sleeping tasks", 50_000, "task", quick=True,
     floor=lambda count: bare.batches(count, count, bare.once))  # fmt: skip
async def sleep_50000(count):
    """tasks asleep at the same time, each for its own while"""
    return await sleepers(count, 0.001)


@row("sleeping tasks", 1_000_000, "task",
     floor=lambda count: bare.batches(count, count, bare.once))  # fmt: skip
async def sleep_1000000(count):
    """a million tasks asleep at the same time"""
    return await sleepers(count, 0.001)
