"""Coroutines whose body is native: the protocol of coroutine objects, and their life cycle."""

import asyncio
import collections.abc
import gc
import inspect
import time
import warnings
import weakref

import phaseloop
import pytest


def pending_acquire():
    """The coroutine of an acquire() that has to wait, begun by hand; and what it waits for."""
    lock = phaseloop.Lock()
    lock._locked = True
    return lock, lock.acquire()


def step(coroutine):
    """Run it to its end: it must not wait."""
    with pytest.raises(StopIteration) as stopped:
        coroutine.send(None)
    return stopped.value.value


def test_it_is_a_coroutine():
    coroutine = phaseloop.Lock().acquire()
    assert isinstance(coroutine, collections.abc.Coroutine)
    assert asyncio.iscoroutine(coroutine) and inspect.isawaitable(coroutine)
    assert (coroutine.__name__, coroutine.__qualname__) == ("acquire", "Lock.acquire")
    assert repr(coroutine).startswith("<coroutine object Lock.acquire at ")
    coroutine.close()


def test_nothing_happens_before_it_is_awaited():
    lock = phaseloop.Lock()
    coroutine = lock.acquire()
    assert not lock.locked()
    assert step(coroutine) is True
    assert lock.locked()


def test_it_runs_once():
    coroutine = phaseloop.Lock().acquire()
    step(coroutine)
    with pytest.raises(RuntimeError, match="cannot reuse already awaited coroutine"):
        coroutine.send(None)


def test_the_first_send_takes_nothing_but_none():
    coroutine = phaseloop.Lock().acquire()
    with pytest.raises(TypeError, match="non-None value to a just-started coroutine"):
        coroutine.send(1)
    coroutine.close()


def test_never_awaited_is_said():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        phaseloop.Lock().acquire()
        phaseloop.Queue().get()
    assert [str(w.message) for w in caught] == [
        "coroutine 'Lock.acquire' was never awaited",
        "coroutine 'Queue.get' was never awaited",
    ]


def test_closing_one_that_was_not_begun_says_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        coroutine = phaseloop.Lock().acquire()
        coroutine.close()
        del coroutine


def test_close_takes_the_waiter_out(loop):
    async def main():
        lock, coroutine = pending_acquire()
        coroutine.send(None)
        assert len(lock._waiters) == 1
        coroutine.close()
        assert not lock._waiters
        coroutine.close()

    loop.run_until_complete(main())


def test_throw_reaches_the_body(loop):
    async def main():
        lock, coroutine = pending_acquire()
        coroutine.send(None)
        with pytest.raises(KeyError, match="thrown"):
            coroutine.throw(KeyError("thrown"))
        assert not lock._waiters

    loop.run_until_complete(main())


def test_throw_before_the_first_step_ends_it():
    coroutine = phaseloop.Lock().acquire()
    with pytest.raises(KeyError):
        coroutine.throw(KeyError())
    with pytest.raises(RuntimeError, match="cannot reuse"):
        coroutine.send(None)


def test_it_cannot_be_entered_twice(loop):
    class Awkward:
        """An awaitable that steps the coroutine that awaits it."""

        def __await__(self):
            try:
                coroutine.send(None)
            except ValueError as error:
                return str(error)
            yield

    async def main():
        nonlocal coroutine
        coroutine = phaseloop.wait_for(Awkward(), None)
        return await coroutine

    coroutine = None
    assert loop.run_until_complete(main()) == "coroutine already executing"


def test_what_cannot_be_awaited_is_named(loop):
    async def main():
        with pytest.raises(TypeError, match="object int can't be used in 'await' expression"):
            await phaseloop.wait_for(1, None)

    loop.run_until_complete(main())


def test_a_suspended_one_that_is_dropped_is_closed(loop):
    async def main():
        lock, coroutine = pending_acquire()
        coroutine.send(None)
        del coroutine
        gc.collect()
        assert not lock._waiters

    loop.run_until_complete(main())


def test_a_cycle_through_it_is_collected():
    class Held:
        pass

    def make():
        loop = phaseloop.new_event_loop()
        event, held = phaseloop.Event(), Held()

        async def wait():
            held.me = asyncio.current_task()
            await event.wait()

        task = loop.create_task(wait())
        held.task, event.held = task, held
        loop.call_soon(loop.stop)
        loop.run_forever()
        loop.set_exception_handler(lambda *_: None)  # destroyed but pending: known
        loop.close()
        return weakref.ref(held)

    held = make()
    gc.collect()
    assert held() is None


@pytest.mark.parametrize("close", [True, False])
def test_sleeping_tasks_of_a_loop_that_is_dropped_are_collected(close):
    """A sleep takes no part in garbage collection; its loop and its task show what it holds."""

    class Held:
        pass

    def make():
        loop = phaseloop.new_event_loop()
        held = Held()

        async def sleeper():
            mine = held
            await phaseloop.sleep(1000)
            return mine

        held.task = loop.create_task(sleeper())
        loop.call_soon(loop.stop)
        loop.run_forever()
        loop.set_exception_handler(lambda *_: None)
        if close:
            loop.close()
        return weakref.ref(held)

    held = make()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # the loop that is not closed says so
        gc.collect()
    assert held() is None


def test_a_sleeping_task_is_no_garbage(loop):
    """Nobody but the loop knows of it."""
    woken = []

    async def sleeper():
        await phaseloop.sleep(0.01)
        woken.append(True)

    loop.create_task(sleeper())
    loop.call_soon(loop.stop)
    loop.run_forever()
    for _ in range(3):
        gc.collect()
    loop.run_until_complete(asyncio.sleep(0.02))
    assert woken == [True]


@pytest.mark.parametrize("function", [asyncio.wait_for, phaseloop.wait_for])
def test_the_timeout_error_of_wait_for_has_cause_and_context(loop, function):
    async def main():
        with pytest.raises(TimeoutError) as caught:
            await function(asyncio.sleep(60), 0.001)
        return caught.value

    error = loop.run_until_complete(main())
    assert isinstance(error.__cause__, asyncio.CancelledError)
    assert isinstance(error.__context__, asyncio.CancelledError)


@pytest.mark.parametrize("function", [asyncio.wait_for, phaseloop.wait_for])
def test_a_cancelled_wait_for_waits_for_what_it_cancels(loop, function):
    """Also when that takes its time, and when it has a result after all."""
    log = []

    async def stubborn():
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await asyncio.sleep(0.001)
            log.append("cleaned up")
            raise

    async def main():
        task = asyncio.create_task(function(stubborn(), 60))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel("why")
        with pytest.raises(asyncio.CancelledError):
            await task
        assert log == ["cleaned up"]

        async def defiant():
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                return "result"

        return await function(defiant(), 0.001)

    assert loop.run_until_complete(main()) == "result"


@pytest.mark.parametrize("late", [0.0009, 0.0011])
def test_a_timeout_due_together_with_what_ends_its_block(late):
    """Both fall due in one iteration: who was to be first is, as with asyncio."""

    async def main(module):
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        loop.call_later(0.001, future.set_result, "done")
        try:
            async with module.timeout(late) as timeout:
                await asyncio.sleep(0)
                time.sleep(0.003)
                return await future, timeout.expired()
        except TimeoutError as error:
            return repr(error), repr(error.__cause__), timeout.expired()

    assert phaseloop.run(main(phaseloop)) == asyncio.run(main(asyncio))
