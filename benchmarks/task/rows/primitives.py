"""Queues, locks and the like: tasks that wait for one another."""

import asyncio

from task.row import row
from task.rows import bare


def pair_floor(count):
    """Two coroutines that give way to each other."""
    import bare as module

    async def run():
        for _ in range(count // 2):
            await module.switch

    module.drive([run(), run()])


@row("primitives", 50_000, "item", floor=pair_floor, quick=True)
async def queue_ping_pong(count):
    """an item through a Queue and back through another"""
    there, back = asyncio.Queue(), asyncio.Queue()

    async def answer():
        for _ in range(count // 2):
            await back.put(await there.get())

    task = asyncio.create_task(answer())
    for i in range(count // 2):
        await there.put(i)
        await back.get()
    await task


@row("primitives", 50_000, "item", floor=pair_floor)
async def queue_of_one(count):
    """a producer and a consumer with a Queue(maxsize=1) between them"""
    queue = asyncio.Queue(maxsize=1)

    async def produce():
        for i in range(count):
            await queue.put(i)

    task = asyncio.create_task(produce())
    for _ in range(count):
        await queue.get()
    await task


@row("primitives", 100_000, "item")
async def queue_unblocked(count):
    """put() and get() that need not wait"""
    queue = asyncio.Queue()
    for i in range(count):
        await queue.put(i)
        await queue.get()


@row("primitives", 50_000, "turn", floor=lambda count: bare.batches(count // 100, 10, hundred))
async def lock_hand_over(count):
    """ten tasks pass a Lock on among them"""
    lock = asyncio.Lock()

    async def take_turns():
        for _ in range(max(1, count // 10)):
            async with lock:
                await asyncio.sleep(0)

    await asyncio.gather(*[take_turns() for _ in range(10)])


async def hundred():
    for _ in range(100):
        await bare.once()


@row("primitives", 200_000, "turn")
async def lock_uncontended(count):
    """`async with` of a Lock that nobody else wants"""
    lock = asyncio.Lock()
    for _ in range(count):
        async with lock:
            pass


@row("primitives", 50_000, "wake-up", quick=True,
     floor=lambda count: bare.batches(count, 1000, bare.once))  # fmt: skip
async def event_fan_out(count):
    """an Event that wakes a thousand tasks"""
    for _ in range(max(1, count // 1000)):
        event = asyncio.Event()
        tasks = [asyncio.create_task(event.wait()) for _ in range(1000)]
        await asyncio.sleep(0)
        event.set()
        await asyncio.wait(tasks)


@row("primitives", 50_000, "turn", quick=True,
     floor=lambda count: bare.batches(count // 100, 10, hundred))  # fmt: skip
async def semaphore(count):
    """ten tasks through a Semaphore of three"""
    gate = asyncio.Semaphore(3)

    async def take_turns():
        for _ in range(max(1, count // 10)):
            async with gate:
                await asyncio.sleep(0)

    await asyncio.gather(*[take_turns() for _ in range(10)])


@row("primitives", 30_000, "turn")
async def condition(count):
    """a Condition that hands a turn back and forth between two tasks"""
    condition = asyncio.Condition()
    turn = 0

    async def play(mine):
        nonlocal turn
        for _ in range(count // 2):
            async with condition:
                while turn != mine:
                    await condition.wait()
                turn = 1 - mine
                condition.notify()

    await asyncio.gather(play(0), play(1))
