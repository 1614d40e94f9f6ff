"""Bugs of the first weeks, one test each."""

import asyncio
import gc
import sys

import phaseloop


def test_sleep_is_native_in_the_second_step_too(loop):
    """The entry a step leaves standing hid the next one from current_task(): sleep() delegated."""

    async def main():
        await phaseloop.sleep(0)
        before = _live_timers()
        waiting = loop.create_task(_await(phaseloop.sleep(0.001)))
        await phaseloop.sleep(0)
        assert _live_timers() == before  # asyncio's sleep() makes one
        await waiting

    loop.run_until_complete(main())


def _live_timers():
    return sum(
        isinstance(each, asyncio.TimerHandle) and not each.cancelled() for each in gc.get_objects()
    )


async def _await(awaitable):
    return await awaitable


def test_a_foreign_future_wakes_a_task_in_its_context(loop):
    """The step entered the context that the foreign future's callback had entered already."""

    async def main():
        foreign = asyncio.futures._PyFuture(loop=loop)
        loop.call_soon(foreign.set_result, "foreign")
        assert await foreign == "foreign"
        return await asyncio.shield(phaseloop.sleep(0, "shielded"))

    assert loop.run_until_complete(main()) == "shielded"


def test_a_second_init_starts_the_task_over(loop):
    async def one():
        return 1

    async def two():
        return 2

    first = one()
    task = phaseloop.Task(first, loop=loop)
    if sys.version_info >= (3, 15):
        first.close()
        second = two()
        try:
            task.__init__(second, loop=loop)
        except RuntimeError as exc:
            assert "already initialized" in str(exc)
        second.close()
        task._log_destroy_pending = False
        return
    task.__init__(two(), loop=loop)
    assert loop.run_until_complete(task) == 2
    first.close()


def test_a_task_that_could_not_be_made_is_freed(loop):
    """Unregistering a task that was being deallocated brought it back to life, and crashed."""
    for _ in range(10):
        try:
            phaseloop.Task(1, loop=loop)
        except TypeError as exc:
            assert str(exc) == "a coroutine was expected, got 1"


def test_a_future_like_object_may_hand_on_another_future(loop):
    """The wake-up insisted on the object that was awaited and ignored its inner future."""

    class Duck:
        def __init__(self):
            self.future = loop.create_future()
            self._asyncio_future_blocking = False

        def get_loop(self):
            return loop

        def add_done_callback(self, callback, *, context=None):
            self.future.add_done_callback(callback, context=context)

        def __await__(self):
            self._asyncio_future_blocking = True
            yield self
            return self.future.result()

    duck = Duck()
    loop.call_soon(duck.future.set_result, "quack")
    assert loop.run_until_complete(_await(duck)) == "quack"


def test_no_context_is_the_current_one(loop):
    """add_done_callback(context=None), as a subclass passes it on, called back in no context."""
    future = loop.create_future()
    called = []
    future.add_done_callback(called.append, context=None)
    future.set_result(1)
    loop.run_until_complete(phaseloop.sleep(0))
    assert called == [future]


def test_an_exception_handler_that_fails_has_the_exception_as_context(loop):
    contexts = []

    def handler(loop, context):
        try:
            raise KeyError("in the handler")
        except KeyError as exc:
            contexts.append(exc.__context__)

    loop.set_exception_handler(handler)
    error = ValueError("original")

    def fails():
        raise error

    loop.call_soon(fails)
    loop.run_until_complete(phaseloop.sleep(0))
    assert contexts == [error]
