"""Pains that other loops, and asyncio itself, are known for: phaseloop has none of them.

Some run on asyncio's own loop too: the test itself is then known to be fair.
"""

import asyncio
import gc
import random
import sys
import weakref

import pytest


@pytest.fixture
def native(loop, installed):
    """phaseloop's loop, and its names under asyncio's."""
    return loop


def test_waiting_for_the_first_leaves_nothing_on_long_lived_futures(native):
    async def main():
        eternal = asyncio.get_running_loop().create_future()
        finished = []
        for _ in range(2000):
            task = asyncio.ensure_future(asyncio.sleep(0))
            await asyncio.wait([eternal, task], return_when=asyncio.FIRST_COMPLETED)
            finished.append(weakref.ref(task))
            del task
        assert not eternal._callbacks
        eternal.cancel()
        return sum(task() is not None for task in finished)

    assert native.run_until_complete(main()) <= 1


def test_timers_never_fire_early(native):
    early = []

    async def main():
        loop = asyncio.get_running_loop()
        choices = random.Random(1)
        done = loop.create_future()
        left = 500

        def fire(when):
            nonlocal left
            if loop.time() < when:
                early.append(when)
            left -= 1
            if not left:
                done.set_result(None)

        for _ in range(left):
            when = loop.time() + choices.random() * 0.05
            loop.call_at(when, fire, when)
        await done

    native.run_until_complete(main())
    assert early == []


def test_stop_runs_no_callbacks_beyond_its_iteration(either_loop):
    log = []

    def first():
        either_loop.stop()
        either_loop.call_soon(log.append, "later")
        log.append("first")

    either_loop.call_soon(first)
    either_loop.call_soon(log.append, "same iteration")
    either_loop.run_forever()
    assert log == ["first", "same iteration"]
    either_loop.stop()
    either_loop.run_forever()
    assert log == ["first", "same iteration", "later"]


def test_call_later_zero_gives_a_timer_handle(either_loop):
    fired = []
    handle = either_loop.call_later(0, fired.append, 1)
    assert isinstance(handle, asyncio.TimerHandle)
    handle.cancel()
    either_loop.call_later(0, either_loop.stop)
    either_loop.run_forever()
    assert fired == [] and handle.cancelled()


@pytest.mark.parametrize("guard", ["wait_for", "timeout", "group"])
def test_a_cancellation_that_races_with_the_end_is_not_lost(native, guard):
    """The result is there and the task is cancelled in the same iteration."""

    async def guarded(future):
        if guard == "wait_for":
            return await asyncio.wait_for(future, 60)
        if guard == "timeout":
            async with asyncio.timeout(60):
                return await future
        async with asyncio.TaskGroup() as group:
            inner = group.create_task(as_coroutine(future))
        return inner.result()

    async def as_coroutine(future):
        return await future

    async def main(cancel_first):
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        task = loop.create_task(guarded(future))
        for _ in range(3):
            await asyncio.sleep(0)
        steps = [lambda: future.done() or future.set_result("result"), task.cancel]
        for step in reversed(steps) if cancel_first else steps:
            step()
        await asyncio.wait([task])
        assert task.cancelled() or task.result() == "result"
        assert task.cancelled() or task.cancelling()
        assert len(asyncio.all_tasks()) == 1  # nothing is left running
        return task.cancelled()

    # Before 3.12 wait_for() gave a result that was there all the same.
    gives_way = guard == "wait_for" and sys.version_info < (3, 12)
    assert native.run_until_complete(main(True)) is not gives_way
    native.run_until_complete(main(False))


@pytest.mark.parametrize("kind", ["task", "future"])
def test_never_retrieved_is_said_once(native, kind):
    contexts = []
    native.set_exception_handler(lambda loop, context: contexts.append(context))

    async def fail():
        raise KeyError("lost")

    if kind == "task":
        made = native.create_task(fail())
        native.call_soon(native.stop)
        native.run_forever()
    else:
        made = native.create_future()
        made.set_exception(KeyError("lost"))
    del made
    gc.collect()
    assert [sorted(context) for context in contexts] == [["exception", "future", "message"]]
    assert contexts[0]["message"] == f"{kind.title()} exception was never retrieved"
    if kind == "task":
        assert contexts[0]["exception"].__traceback__ is not None


def test_the_traceback_of_an_exception_does_not_grow(native):
    """However often its future is awaited: each await starts from where it was stored."""

    def depth(error):
        count, frame = 0, error.__traceback__
        while frame is not None:
            count, frame = count + 1, frame.tb_next
        return count

    async def fail():
        raise KeyError("again")

    async def main():
        task = asyncio.ensure_future(fail())
        depths = []
        for _ in range(50):
            try:
                await task
            except KeyError as error:
                depths.append(depth(error))
        return depths

    depths = native.run_until_complete(main())
    assert len(set(depths[1:])) == 1


def test_what_ends_well_is_freed_without_the_collector(native):
    class Result:
        pass

    async def work():
        await asyncio.sleep(0)
        return Result()

    async def main():
        made = []
        tasks = [asyncio.ensure_future(work()) for _ in range(10)]
        made += [weakref.ref(task) for task in tasks]
        made += [weakref.ref(result) for result in await asyncio.gather(*tasks)]
        async with asyncio.TaskGroup() as group:
            made.append(weakref.ref(group.create_task(work())))
        made.append(weakref.ref(await asyncio.wait_for(work(), 60)))
        del tasks, group
        await asyncio.sleep(0)
        return [ref() for ref in made if ref() is not None]

    gc.collect()
    gc.disable()
    try:
        assert native.run_until_complete(main()) == []
    finally:
        gc.enable()


def test_an_item_is_not_lost_when_its_getter_is_cancelled(native):
    async def main():
        queue = asyncio.Queue()
        getters = [asyncio.ensure_future(queue.get()) for _ in range(2)]
        await asyncio.sleep(0)
        queue.put_nowait("item")
        getters[0].cancel()  # it has been woken for the item already
        await asyncio.wait(getters)
        assert getters[0].cancelled()
        return getters[1].result()

    assert native.run_until_complete(asyncio.wait_for(main(), 5)) == "item"


def test_a_wake_up_is_not_lost_when_who_was_woken_is_cancelled(native):
    async def hold(gate):
        async with gate:
            return True

    async def main():
        for gate in (asyncio.Semaphore(1), asyncio.Lock()):
            await gate.acquire()
            waiting = [asyncio.ensure_future(hold(gate)) for _ in range(2)]
            await asyncio.sleep(0)
            gate.release()
            waiting[0].cancel()
            await asyncio.wait(waiting)
            assert waiting[0].cancelled() and waiting[1].result()
            assert not gate.locked() and not gate._waiters

    native.run_until_complete(asyncio.wait_for(main(), 5))


@pytest.mark.skipif(sys.version_info < (3, 12), reason="asyncio has eager tasks since Python 3.12")
def test_the_current_task_during_an_eager_first_step(native):
    seen = []

    async def work():
        seen.append(asyncio.current_task())

    async def main():
        outer = asyncio.current_task()
        task = asyncio.Task(work(), eager_start=True, loop=native)
        assert seen == [task] and asyncio.current_task() is outer

    native.run_until_complete(main())
