"""The loop itself: callbacks, and what reaches it from other threads and descriptors."""

import asyncio
import socket
import threading

from task.row import row
from task.rows import bare


def ignore(*args):
    """A callback that does nothing."""


class Chain:
    """Callbacks of no to three arguments, each of which schedules the next."""

    def __init__(self, count):
        self.loop = asyncio.get_running_loop()
        self.done = self.loop.create_future()
        self.left = count

    def step0(self):
        self.left -= 1
        if self.left:
            self.loop.call_soon(self.step0)
        else:
            self.done.set_result(None)

    def step1(self, a):
        self.left -= 1
        if self.left:
            self.loop.call_soon(self.step1, a)
        else:
            self.done.set_result(None)

    def step2(self, a, b):
        self.left -= 1
        if self.left:
            self.loop.call_soon(self.step2, a, b)
        else:
            self.done.set_result(None)

    def step3(self, a, b, c):
        self.left -= 1
        if self.left:
            self.loop.call_soon(self.step3, a, b, c)
        else:
            self.done.set_result(None)


async def chain_of_callbacks(count, *args):
    """Each callback schedules the next."""
    chain = Chain(count)
    chain.loop.call_soon(getattr(chain, f"step{len(args)}"), *args)
    await chain.done


class Steps:
    """What is left of the chain without a loop."""

    def __init__(self, count):
        self.left = count

    def step(self, *args):
        self.left -= 1


def floor_of(*args):
    return lambda count: bare.call(count, Steps(count).step, *args)


@row("callbacks", 200_000, "callback", floor=floor_of(), quick=True)
async def call_soon(count):
    """call_soon(): each callback schedules the next"""
    await chain_of_callbacks(count)


@row("callbacks", 200_000, "callback", floor=floor_of(1))
async def call_soon_1(count):
    """the same with one argument"""
    await chain_of_callbacks(count, 1)


@row("callbacks", 200_000, "callback", floor=floor_of(1, 2))
async def call_soon_2(count):
    """the same with two arguments"""
    await chain_of_callbacks(count, 1, 2)


@row("callbacks", 200_000, "callback", floor=floor_of(1, 2, 3))
async def call_soon_3(count):
    """the same with three arguments"""
    await chain_of_callbacks(count, 1, 2, 3)


@row("callbacks", 200_000, "callback", floor=lambda count: bare.call(count, ignore))
async def call_soon_batch(count):
    """call_soon() a thousand times, then all are run"""
    loop = asyncio.get_running_loop()
    for _ in range(max(1, count // 1000)):
        for _ in range(1000):
            loop.call_soon(ignore)
        await asyncio.sleep(0)


@row("callbacks", 100_000, "callback", floor=floor_of(), quick=True)
async def beside_250_idle_connections(count):
    """a chain of callbacks while 250 connections are watched and silent"""
    loop = asyncio.get_running_loop()
    pairs = [socket.socketpair() for _ in range(250)]
    for reader, _ in pairs:
        reader.setblocking(False)
        loop.add_reader(reader, ignore)
    try:
        await chain_of_callbacks(count)
    finally:
        for reader, writer in pairs:
            loop.remove_reader(reader)
            reader.close()
            writer.close()


async def from_threads(count, number):
    """`number` threads share `count` calls of call_soon_threadsafe() between them."""
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    left = count // number * number

    def arrive():
        nonlocal left
        left -= 1
        if not left:
            done.set_result(None)

    def call():
        for _ in range(count // number):
            loop.call_soon_threadsafe(arrive)

    operations = left
    threads = [threading.Thread(target=call) for _ in range(number)]
    for thread in threads:
        thread.start()
    await done
    for thread in threads:
        thread.join()
    return {"operations": operations}


@row("from threads", 100_000, "call", threads=True)
async def threadsafe_1(count):
    """call_soon_threadsafe() from one thread"""
    return await from_threads(max(1, count), 1)


@row("from threads", 100_000, "call", threads=True)
async def threadsafe_4(count):
    """call_soon_threadsafe() from four threads"""
    return await from_threads(max(4, count), 4)


@row("from threads", 100_000, "call", quick=True)
async def threadsafe_own_thread(count):
    """call_soon_threadsafe() from the loop's own thread"""
    loop = asyncio.get_running_loop()
    for _ in range(max(1, count // 100)):
        for _ in range(100):
            loop.call_soon_threadsafe(ignore)
        await asyncio.sleep(0)
