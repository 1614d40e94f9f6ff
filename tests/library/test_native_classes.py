"""Native classes as a base for others, and what programs do to their private parts."""

import asyncio
import collections

import phaseloop
import pytest


class UniqueQueue(phaseloop.Queue):
    """As programs make them: another container by the documented hooks."""

    def _init(self, maxsize):
        self._queue = {}

    def _put(self, item):
        self._queue[item] = True

    def _get(self):
        return self._queue.popitem()[0]


def test_a_queue_with_hooks_of_its_own(loop):
    async def main():
        queue = UniqueQueue(maxsize=2)
        await queue.put("a")
        await queue.put("a")
        await queue.put("b")
        assert queue.full() and queue.qsize() == 2
        blocked = asyncio.create_task(queue.put("c"))
        await asyncio.sleep(0)
        assert await queue.get() == "b"
        await blocked
        assert {queue.get_nowait(), queue.get_nowait()} == {"a", "c"}

    loop.run_until_complete(main())


def test_a_queue_that_only_adds_is_native(loop):
    class Counted(phaseloop.Queue):
        count = 0

        async def put(self, item):
            self.count += 1
            await super().put(item)

    async def main():
        queue = Counted()
        await queue.put(1)
        assert (queue.count, await queue.get()) == (1, 1)

    loop.run_until_complete(main())


def test_another_container_put_in_place(loop):
    async def main():
        queue = phaseloop.Queue()
        queue.put_nowait(1)
        queue._queue = collections.deque([5, 6])
        assert queue.qsize() == 2 and queue.get_nowait() == 5
        queue._queue = [7]  # no deque: asyncio's own code does what it can with it
        with pytest.raises(AttributeError):
            queue.get_nowait()
        stack = phaseloop.LifoQueue()
        waiting = asyncio.create_task(stack.get())
        await asyncio.sleep(0)
        stack._queue = collections.deque([8])
        stack.put_nowait(9)
        assert await waiting == 9

    loop.run_until_complete(main())


def test_private_parts_cannot_be_deleted():
    for made, names in (
        (phaseloop.Queue(), ["_queue", "_getters", "_maxsize", "_unfinished_tasks"]),
        (phaseloop.Lock(), ["_waiters", "_locked"]),
        (phaseloop.Semaphore(), ["_value"]),
    ):
        for name in names:
            with pytest.raises(AttributeError):
                delattr(made, name)


def test_nonsense_in_private_parts_is_an_error_and_no_crash(loop):
    async def main():
        for attribute, value in (("_waiters", 3), ("_waiters", "ab"), ("_loop", 5)):
            lock = phaseloop.Lock()
            lock._locked = True
            setattr(lock, attribute, value)
            with pytest.raises((AttributeError, TypeError, RuntimeError)):
                await lock.acquire()
        queue = phaseloop.Queue()
        queue._getters = None
        with pytest.raises(TypeError):
            queue.put_nowait(1) or queue._getters[0]
        semaphore = phaseloop.Semaphore()
        semaphore._value = "many"
        with pytest.raises(TypeError):
            await semaphore.acquire()
        with pytest.raises(TypeError):
            semaphore.release()

    loop.run_until_complete(main())


def test_a_lock_with_an_acquire_of_its_own(loop):
    class Loud(phaseloop.Lock):
        async def acquire(self):
            heard.append("acquire")
            return await super().acquire()

        def release(self):
            heard.append("release")
            super().release()

    async def main():
        async with Loud():
            pass

    heard = []
    loop.run_until_complete(main())
    assert heard == ["acquire", "release"]


def test_a_condition_on_a_lock_of_another_kind(loop):
    """asyncio's own lock, or anything with its methods."""

    async def main(lock):
        condition = phaseloop.Condition(lock)
        seen = []

        async def wait():
            async with condition:
                await condition.wait()
                seen.append(lock.locked())

        task = asyncio.create_task(wait())
        await asyncio.sleep(0)
        async with condition:
            condition.notify()
        await task
        return seen

    assert loop.run_until_complete(main(asyncio.Lock())) == [True]
    assert loop.run_until_complete(main(phaseloop.Lock())) == [True]


def test_slots_and_attributes_as_in_python():
    class Slotted(phaseloop.Event):
        __slots__ = ("extra",)

        def __init__(self, extra):
            super().__init__()
            self.extra = extra

    assert Slotted(5).extra == 5
    event = phaseloop.Event()
    event.anything = 1
    assert event.anything == 1


@pytest.mark.parametrize("native", [phaseloop.Lock, phaseloop.Event, phaseloop.Queue])
def test_use_on_two_loops_is_refused(native):
    made = native()
    wait = {phaseloop.Lock: "acquire", phaseloop.Event: "wait", phaseloop.Queue: "get"}[native]
    if native is phaseloop.Lock:
        made._locked = True

    async def once():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(getattr(made, wait)(), 0.001)

    async def other():
        with pytest.raises(RuntimeError, match="is bound to a different event loop"):
            await getattr(made, wait)()

    phaseloop.run(once())
    phaseloop.run(other())


def test_on_a_foreign_loop():
    async def main():
        queue = phaseloop.Queue(1)

        async def produce():
            for i in range(3):
                await queue.put(i)

        async with phaseloop.TaskGroup() as group:
            group.create_task(produce())
            taken = [await phaseloop.wait_for(queue.get(), 5) for _ in range(3)]
        async with phaseloop.timeout(5), phaseloop.Lock():
            return taken

    assert asyncio.run(main()) == [0, 1, 2]
