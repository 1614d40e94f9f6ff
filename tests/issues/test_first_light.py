"""Bugs of the first weeks, one test each."""

import asyncio
import sys

import phaseloop


def test_sleep_is_native_in_the_second_step_too(loop):
    """The entry a step leaves standing hid the next one from current_task(): sleep() delegated."""

    async def main():
        await phaseloop.sleep(0)
        sleep = phaseloop.sleep(0.001)
        waiting = loop.create_task(_await(sleep))
        await phaseloop.sleep(0)
        assert waiting._fut_waiter is sleep
        await waiting

    loop.run_until_complete(main())


async def _await(awaitable):
    return await awaitable


def test_a_foreign_future_wakes_a_task_in_its_context(loop):
    """The step entered the task's context, which the foreign future's callback had entered already."""

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
