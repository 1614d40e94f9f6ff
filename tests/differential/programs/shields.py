"""shield(): who is cancelled, who hears of what, and what stands in the futures' callbacks."""

import asyncio
import gc

from registry import program
from transcript import hops


async def child(value, after=1):
    await hops(after)
    if isinstance(value, BaseException):
        raise value
    return value


@program
def results(t):
    async def main():
        t(await asyncio.shield(child(5)))
        future = t.loop.create_future()
        future.set_result(6)
        t(asyncio.shield(future) is future, await asyncio.shield(future))
        for error in (ValueError("inner"), asyncio.CancelledError("why"), StopAsyncIteration()):
            try:
                await asyncio.shield(child(error))
            except BaseException as caught:
                t(caught)

    t.run(main())
    t.refusal("a number", asyncio.shield, 3)
    t.refusal("nothing", asyncio.shield)


@program
def only_the_outer_is_cancelled(t):
    async def main():
        async def patient():
            try:
                await asyncio.shield(inner)
            except asyncio.CancelledError as caught:
                t("outer", caught.args)
                raise

        inner = t.loop.create_task(child("kept", after=4))
        outer = t.loop.create_task(patient())
        await hops(1)
        outer.cancel("enough")
        await asyncio.wait([outer])
        t(outer.cancelled(), inner.done(), inner)
        t(await inner)
        inner = t.loop.create_future()
        outer = asyncio.shield(inner)
        inner.cancel("from within")
        await hops(2)
        t(outer, outer.cancelled())

    t.run(main())


@program
def exceptions_that_nobody_waits_for(t):
    async def main():
        for order in ("cancelled first", "failed first", "a hop between"):
            inner = t.loop.create_future()
            outer = asyncio.shield(inner)
            if order == "failed first":
                inner.set_exception(ValueError(order))
                outer.cancel()
            else:
                outer.cancel()
                if order == "a hop between":
                    await hops(1)
                inner.set_exception(ValueError(order))
            await hops(3)
            t(order, inner, outer)
            del inner, outer
            gc.collect()

    t.run(main())


@program
def an_outer_future_that_was_set(t):
    async def main():
        inner = t.loop.create_future()
        outer = asyncio.shield(inner)
        outer.set_result("by hand")
        inner.set_result("late")
        await hops(3)
        t(outer, inner)

    t.run(main())


@program
def callbacks_that_futures_show(t):
    async def main():
        async def one_by_one():
            for each in asyncio.as_completed([futures[3]]):
                await each

        futures = [t.loop.create_future() for _ in range(4)]
        gathered = asyncio.gather(futures[0], futures[1])
        shielded = asyncio.shield(futures[1])
        waiting = t.loop.create_task(asyncio.wait([futures[2]]))
        iterating = t.loop.create_task(one_by_one())
        await hops(1)
        for future in (*futures, gathered, shielded):
            shown = [callback for callback, _ in future._callbacks or ()]
            t(future, [callback.__name__ for callback in shown])
        for future in futures:
            future.set_result(None)
        await gathered
        await shielded
        await waiting
        await iterating
        t(*(future._callbacks for future in futures))

    t.run(main())


@program(since=(3, 14))
def who_waits_is_shown(t):
    async def main():
        async def shield_it():
            await asyncio.shield(future)

        def awaited_by(future):
            graph = asyncio.capture_call_graph(future)
            return sorted(task.future.get_name() for task in graph.awaited_by)

        async def one_by_one(timeout):
            async for each in asyncio.as_completed([future], timeout=timeout):
                await each

        future = t.loop.create_future()
        for name, waits in (
            ("shield", shield_it()),
            ("as_completed", one_by_one(None)),
            ("in time", one_by_one(0.001)),
        ):
            task = t.loop.create_task(waits, name=name)
            await hops(1)
            t(awaited_by(future))
            if name == "in time":
                await asyncio.wait([task])
                t(task.exception())
            elif name == "shield":
                task.cancel()
            await hops(3)
            t(awaited_by(future))
        future.set_result(1)
        await hops(3)
        t(awaited_by(future))

    t.run(main())
