"""Cancellation, at every point at which it can come."""

import asyncio


async def _forever(log, name="sleeper"):
    try:
        log(name, "waits")
        await asyncio.sleep(100)
    except asyncio.CancelledError as exc:
        log(name, "cancelled", exc.args)
        raise
    finally:
        log(name, "ends")


def before_it_starts(log, loop):
    async def main():
        task = loop.create_task(_forever(log))
        log(task.cancel("early"), task.cancelling())
        with log.errors(asyncio.CancelledError):
            await task
        log(task.cancelled(), task.cancel())

    loop.run_until_complete(main())


def while_it_waits(log, loop):
    async def waits_for(awaitable):
        try:
            await awaitable
        except asyncio.CancelledError as exc:
            log("cancelled", exc.args)
            raise

    async def main():
        inner = loop.create_task(_forever(log, "inner"))
        for awaitable in (
            loop.create_future(),
            asyncio.sleep(100),
            inner,
            asyncio.gather(_forever(log, "a"), _forever(log, "b")),
            asyncio.wait([loop.create_task(_forever(log, "waited"))]),
            asyncio.shield(loop.create_future()),
            asyncio.wait_for(loop.create_future(), 100),
        ):
            task = loop.create_task(waits_for(awaitable))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            log(task.cancel("now"), task.cancelling())
            with log.errors(asyncio.CancelledError):
                await task
            await asyncio.sleep(0)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    loop.run_until_complete(main())


def suppressed_and_uncancelled(log, loop):
    async def stubborn():
        for _ in range(2):
            try:
                await asyncio.sleep(100)
            except asyncio.CancelledError:
                log("not yet", asyncio.current_task().cancelling())
        log(asyncio.current_task().uncancel(), asyncio.current_task().uncancel())
        log(asyncio.current_task().uncancel())
        return "survived"

    async def main():
        task = loop.create_task(stubborn())
        for _ in range(2):
            await asyncio.sleep(0)
            task.cancel()
        await asyncio.sleep(0)
        log(await task, task.cancelled(), task.cancelling())

    loop.run_until_complete(main())


def racing_completion(log, loop):
    async def waits(future):
        try:
            return await future
        except asyncio.CancelledError:
            log("cancelled although the result was there")
            raise

    async def main():
        future = loop.create_future()
        task = loop.create_task(waits(future))
        await asyncio.sleep(0)
        future.set_result(1)
        log(task.cancel())
        with log.errors(asyncio.CancelledError):
            log(await task)
        future = loop.create_future()
        task = loop.create_task(waits(future))
        await asyncio.sleep(0)
        log(task.cancel(), future.cancelled())
        with log.errors(asyncio.InvalidStateError):
            future.set_result(1)
        with log.errors(asyncio.CancelledError):
            await task

    loop.run_until_complete(main())


def of_oneself(log, loop):
    async def myself():
        asyncio.current_task().cancel("self")
        log("still here")
        await asyncio.sleep(0)
        log("never")

    async def at_the_end():
        asyncio.current_task().cancel("at the end")
        return 1

    for coroutine in (myself(), at_the_end()):
        with log.errors(asyncio.CancelledError):
            log(loop.run_until_complete(coroutine))


def messages_reach_the_first_awaiter(log, loop):
    async def awaits(task, name):
        try:
            await task
        except asyncio.CancelledError as exc:
            log(name, exc.args, exc.__context__ is None)

    async def main():
        task = loop.create_task(_forever(log))
        awaiters = [loop.create_task(awaits(task, i)) for i in range(2)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel("message")
        for awaiter in awaiters:
            await awaiter

    loop.run_until_complete(main())


def of_a_gather(log, loop):
    async def main():
        outer = asyncio.gather(_forever(log, "a"), _forever(log, "b"), return_exceptions=True)
        await asyncio.sleep(0)
        log(outer.cancel("gone"), outer.done())
        with log.errors(asyncio.CancelledError):
            log(await outer)
        child = loop.create_task(_forever(log, "child"))
        outer = asyncio.gather(child, _forever(log, "other"))
        await asyncio.sleep(0)
        child.cancel("child only")
        with log.errors(asyncio.CancelledError):
            await outer
        log(outer.cancelled(), outer.done())
        both = asyncio.gather(asyncio.gather(_forever(log, "deep")), return_exceptions=True)
        await asyncio.sleep(0)
        both.cancel()
        with log.errors(asyncio.CancelledError):
            log(await both)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0)

    loop.run_until_complete(main())


def replaced_by_another_error(log, loop):
    async def converts():
        try:
            await asyncio.sleep(100)
        except asyncio.CancelledError:
            raise ValueError("instead") from None

    async def main():
        task = loop.create_task(converts())
        await asyncio.sleep(0)
        task.cancel()
        with log.errors(ValueError):
            await task
        log(task.cancelled(), repr(task.exception()))

    loop.run_until_complete(main())


def timeouts(log, loop):
    async def main():
        with log.errors(TimeoutError):
            await asyncio.wait_for(_forever(log), 0.01)
        with log.errors(TimeoutError):
            async with asyncio.timeout(0.01):
                await _forever(log)
        async with asyncio.timeout(10):
            log(await asyncio.sleep(0, "in time"))
        with log.errors(TimeoutError):
            await asyncio.wait_for(loop.create_future(), 0)

    loop.run_until_complete(main())


def groups(log, loop):
    async def fails():
        await asyncio.sleep(0)
        raise ValueError("failed")

    async def main():
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_forever(log, "sibling"))
                group.create_task(fails())
        except BaseExceptionGroup as exc:
            log(repr(exc))
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(asyncio.sleep(0, i)) for i in range(3)]
        log([task.result() for task in tasks])

    loop.run_until_complete(main())
