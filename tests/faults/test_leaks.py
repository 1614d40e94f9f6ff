"""A thousand loops made, used and closed leave nothing behind; cycles are collected."""

import asyncio
import gc
import os
import signal
import sys
import weakref

import phaseloop

LOOPS = 1_000
# What the interpreter itself may keep over so many runs (caches, interned names): less than one
# block for every second loop.
BLOCKS_TOLERATED = LOOPS // 2


async def _use_everything():
    loop = asyncio.get_running_loop()
    r, w = os.pipe()
    loop.add_reader(r, int)
    loop.add_signal_handler(signal.SIGUSR1, int)
    await phaseloop.gather(*[phaseloop.sleep(0, i) for i in range(3)])
    tasks = [loop.create_task(phaseloop.sleep(0.00001 * i)) for i in range(3)]
    await phaseloop.wait(tasks, timeout=0.00001)
    for awaitable in phaseloop.as_completed(tasks):
        await awaitable
    cancelled = loop.create_task(phaseloop.sleep(100))
    await phaseloop.sleep(0)
    cancelled.cancel()
    loop.call_later(100, int)
    loop.call_later(100, int).cancel()
    loop.create_future().add_done_callback(int)
    loop.call_soon_threadsafe(int)
    loop.remove_reader(r)
    os.close(r)
    os.close(w)


def descriptors():
    return len(os.listdir("/proc/self/fd"))


def test_a_thousand_loops():
    for _ in range(30):
        phaseloop.run(_use_everything())
    gc.collect()
    blocks, fds = sys.getallocatedblocks(), descriptors()
    for _ in range(LOOPS):
        phaseloop.run(_use_everything())
    gc.collect()
    assert descriptors() == fds
    assert sys.getallocatedblocks() - blocks < BLOCKS_TOLERATED
    kinds = (phaseloop.Loop, asyncio.Future, asyncio.Handle)
    assert not [o for o in gc.get_objects() if isinstance(o, kinds)]


def test_references_are_given_back():
    """Failing and succeeding operations leave the reference counts of what they were given."""
    loop = phaseloop.new_event_loop()
    marker, callback = object(), lambda *args: None

    async def main():
        assert await phaseloop.sleep(0, marker) is marker
        future = loop.create_future()
        future.set_result(marker)
        assert await phaseloop.gather(future, phaseloop.sleep(0, marker)) == [marker, marker]
        future.add_done_callback(callback)
        future.remove_done_callback(callback)
        loop.call_soon(callback, marker)
        loop.call_later(0, callback, marker)
        loop.call_later(100, callback, marker).cancel()
        await phaseloop.wait([future])
        await phaseloop.sleep(0.001)

    # The first run opens the pipe that signals wake the loop through, for good.
    loop.run_until_complete(main())
    before = sys.getrefcount(marker), sys.getrefcount(callback), sys.getrefcount(loop)
    for _ in range(50):
        loop.run_until_complete(main())
    gc.collect()
    assert (sys.getrefcount(marker), sys.getrefcount(callback), sys.getrefcount(loop)) == before
    loop.close()


def test_cycles_are_collected():
    class Canary:
        pass

    loop = phaseloop.new_event_loop()
    canaries = []

    def canary():
        made = Canary()
        canaries.append(weakref.ref(made))
        return made

    async def fails(held):
        try:
            raise ValueError(held)
        except ValueError as exc:
            held.error = exc
            raise

    async def main():
        task = loop.create_task(fails(canary()))
        await phaseloop.wait([task])
        task.exception().task = task
        future = loop.create_future()
        future.held = canary()
        future.add_done_callback(lambda f, future=future: future)
        handle = loop.call_later(100, int)
        loop.cycle = (handle, canary())

    loop.run_until_complete(main())
    loop.close()
    loop = None
    gc.collect()
    assert [ref() for ref in canaries] == [None] * 3


def test_tasks_die_when_they_are_done(loop):
    async def main():
        task = loop.create_task(phaseloop.sleep(0))
        ref = weakref.ref(task)
        await task
        del task
        await phaseloop.sleep(0)
        return ref()

    assert loop.run_until_complete(main()) is None
