"""Timers: scheduled, cancelled, due."""

import asyncio

from task.row import row
from task.rows import bare
from task.rows.loop import ignore


@row("timers", 100_000, "timer", quick=True)
async def timer_cancel(count):
    """call_later() and cancel(), a thousand at a time, none due"""
    loop = asyncio.get_running_loop()
    for _ in range(max(1, count // 1000)):
        handles = [loop.call_later(1000 + i, ignore) for i in range(1000)]
        for handle in handles:
            handle.cancel()
        await asyncio.sleep(0)


@row("timers", 100_000, "timer")
async def timer_cancel_one(count):
    """call_later() and cancel(), one at a time, none due"""
    loop = asyncio.get_running_loop()
    for i in range(count):
        loop.call_later(1000, ignore).cancel()
        if i % 100 == 0:
            await asyncio.sleep(0)


@row("timers", 50_000, "timer", floor=lambda count: bare.call(count, ignore))
async def zero_delay_chain(count):
    """call_later(0): each callback schedules the next"""
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    left = count

    def step():
        nonlocal left
        left -= 1
        if left:
            loop.call_later(0, step)
        else:
            done.set_result(None)

    loop.call_later(0, step)
    await done


@row("timers", 100_000, "timer", floor=lambda count: bare.call(count, ignore), quick=True)
async def due_batch(count):
    """ten thousand timers due at the same moment"""
    loop = asyncio.get_running_loop()
    size = min(count, 10_000)
    for _ in range(max(1, count // size)):
        now = loop.time()
        for i in range(size):
            loop.call_at(now + (i * 7919 % size) * 1e-9, ignore)
        done = loop.create_future()
        loop.call_at(now + size * 1e-9, done.set_result, None)
        await done


@row("timers", 20_000, "timer")
async def short_timers(count):
    """call_later() of up to a millisecond, a thousand in flight"""
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    width = min(count, 1000)
    left = count - width
    flying = width

    def step(delay):
        nonlocal left, flying
        if left:
            left -= 1
            loop.call_later(delay, step, delay)
            return
        flying -= 1
        if not flying:
            done.set_result(None)

    for i in range(width):
        loop.call_later(0, step, i / width * 0.001)
    await done
