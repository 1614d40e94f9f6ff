"""Bugs of phaseloop's tasks on other loops."""

import asyncio

import phaseloop


def test_a_task_goes_outside_of_its_context():
    """The step's callable gave up the task within the task's context, so that the exception handler
    that heard of it could not be called in that context: "cannot enter context"."""
    heard = []

    async def fail(first):
        await first
        raise ValueError

    async def main():
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: heard.append(context["message"]))
        future = loop.create_future()
        for first in (future, asyncio.sleep(0), phaseloop.sleep(0)):
            phaseloop.Task(fail(first), loop=loop)
        await asyncio.sleep(0)
        future.set_result(None)
        for _ in range(4):
            await asyncio.sleep(0)

    asyncio.run(main())
    assert heard == ["Task exception was never retrieved"] * 3


def test_a_slow_step_is_named_by_its_task(caplog):
    async def main():
        loop = asyncio.get_running_loop()
        loop.slow_callback_duration = 0
        await phaseloop.Task(asyncio.sleep(0), loop=loop, name="slow one")

    asyncio.run(main(), debug=True)
    assert any("<Task" in line and "slow one" in line for line in caplog.messages)
