"""Tasks that start at once (Python 3.12 and newer).

asyncio's eager_task_factory makes asyncio's own tasks, whose automatic names count by themselves:
tasks that are shown have names of their own here.
"""

import asyncio
import contextvars
import gc

from registry import program
from transcript import hops

SINCE = (3, 12)
var = contextvars.ContextVar("var", default="unset")


def eager(t):
    t.loop.set_task_factory(asyncio.eager_task_factory)


@program(since=SINCE)
def first_steps_run_at_once(t):
    async def child(name, count):
        t(name, "starts")
        await hops(count)
        t(name, "ends")
        return name

    async def main():
        eager(t)
        for count in range(3):
            task = asyncio.create_task(child(f"child {count}", count))
            t("created", task.done())
            t(await task)
        t(await asyncio.gather(child("a", 0), child("b", 1), child("c", 0)))

    t.run(main())


@program(since=SINCE)
def results_at_once(t):
    async def returns():
        return "result"

    async def raises():
        raise ValueError("v")

    async def cancelled():
        raise asyncio.CancelledError("c")

    async def main():
        eager(t)
        for coro in (returns, raises, cancelled):
            task = asyncio.create_task(coro(), name=coro.__name__)
            t(task.done(), task.cancelled(), task)
            t.attempt("result", task.result)
            t(task.get_coro())

    t.run(main())


@program(since=SINCE)
def base_exceptions_at_once(t):
    async def raises(exc):
        raise exc

    async def main(exc):
        eager(t)
        try:
            t(asyncio.create_task(raises(exc), name="raises"))
        except BaseException as caught:
            t("caught", caught)
        t.loop.set_task_factory(None)
        return "went on"

    t.run(main(KeyboardInterrupt("k")))
    t.run(main(SystemExit(1)))
    gc.collect()


@program(since=SINCE)
def current_task_in_the_first_step(t):
    async def child(depth):
        t(depth, asyncio.current_task().get_name())
        if depth:
            await asyncio.create_task(child(depth - 1), name=f"child {depth - 1}")
            t(depth, "again", asyncio.current_task().get_name())

    async def main():
        eager(t)
        task = asyncio.create_task(child(2), name="child 2")
        t("main", asyncio.current_task().get_name())
        await task

    t.run(t.loop.create_task(main(), name="main"))


@program(since=SINCE)
def all_tasks_in_the_first_step(t):
    def shown():
        return sorted(task.get_name() for task in asyncio.all_tasks())

    async def child():
        t("inside", shown())
        await asyncio.sleep(0)
        t("later", shown())

    async def main():
        eager(t)
        task = asyncio.create_task(child(), name="child")
        t("after", shown())
        await task
        t("in the end", shown())

    t.run(t.loop.create_task(main(), name="main"))


@program(since=SINCE)
def contexts(t):
    async def child(value):
        t("child sees", var.get())
        var.set(value)
        await hops(1)
        t("child still has", var.get())

    async def main():
        eager(t)
        var.set("main")
        task = asyncio.create_task(child("one"))
        t("main has", var.get())
        await task
        context = contextvars.copy_context()
        task = t.loop.create_task(child("two"), context=context)
        t(context[var], var.get())
        await task

    t.run(main())


@program(since=SINCE)
def outside_a_running_loop(t):
    """There they are scheduled, as other tasks are."""
    eager(t)

    async def child():
        t("runs")
        return 1

    task = t.loop.create_task(child())
    t(task.done())
    t.run(task)
    t.loop.set_task_factory(None)


@program(since=SINCE)
def eager_start_by_hand(t):
    async def child(count):
        t("starts")
        await hops(count)
        return "r"

    async def main():
        for count in (0, 1):
            task = asyncio.Task(child(count), loop=t.loop, eager_start=True, name="eager")
            t(task.done(), task)
            t(await task)
        task = asyncio.Task(child(0), loop=t.loop, eager_start=False)
        t(task.done())
        await task

    t.run(main())
    coro = child(0)
    t.refusal("outside", lambda: t(asyncio.Task(coro, loop=t.loop, name="n", eager_start=True)))
    t.spin(2)
    coro.close()


@program(since=(3, 14))
def eager_start_through_create_task(t):
    async def child():
        t("starts")
        return "r"

    async def main():
        for value in (True, False, None):
            task = t.loop.create_task(child(), eager_start=value)
            t(value, task.done())
            await task
        task = asyncio.create_task(child(), eager_start=True)
        t(task.done())
        eager(t)
        task = asyncio.create_task(child(), eager_start=False)
        t(task.done())
        await task

    t.run(main())


@program(since=SINCE)
def a_factory_of_one_s_own_class(t):
    class Mine(asyncio.Task):
        pass

    async def child():
        t(type(asyncio.current_task()).__name__)
        await hops(1)

    async def main():
        t.loop.set_task_factory(asyncio.create_eager_task_factory(Mine))
        task = asyncio.create_task(child(), name="mine")
        t(task)
        await task

    t.run(main())


@program(since=SINCE)
def cancelling_what_started_eagerly(t):
    async def child():
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError as exc:
            t("cancelled", exc)
            raise

    async def main():
        eager(t)
        task = asyncio.create_task(child())
        task.cancel("m")
        try:
            await task
        except asyncio.CancelledError as exc:
            t("main", exc)

        async def cancels_itself():
            asyncio.current_task().cancel("self")
            await asyncio.sleep(0)

        task = asyncio.create_task(cancels_itself(), name="itself")
        t(task.done())
        await asyncio.wait([task])
        t(task)

        async def cancels_itself_and_returns():
            asyncio.current_task().cancel("self")
            return "returned"

        task = asyncio.create_task(cancels_itself_and_returns(), name="itself too")
        t(task.done(), task)

    t.run(main())


@program(since=SINCE)
def callbacks_and_order(t):
    async def child(count):
        t.loop.call_soon(t, "scheduled by the first step")
        await hops(count)
        t("child ends")

    async def main():
        eager(t)
        t.loop.call_soon(t, "before")
        for count in (0, 1):
            task = asyncio.create_task(child(count), name="child")
            task.add_done_callback(t.log("callback"))
            t.loop.call_soon(t, "after")
            await hops(4)

    t.run(main())


@program(since=SINCE)
def groups_and_timeouts(t):
    async def child(name, count):
        t(name, "starts")
        async with asyncio.timeout(60):
            await hops(count)
        t(name, "ends")

    async def main():
        eager(t)
        async with asyncio.TaskGroup() as group:
            for count in range(3):
                group.create_task(child(f"child {count}", count))
            t("all created")
        await asyncio.wait_for(child("timed", 1), 60)

    t.run(main())


@program(since=SINCE)
def yields_that_are_refused(t):
    class Yields:
        def __await__(self):
            yield 5

    async def child():
        try:
            await Yields()
        except RuntimeError as exc:
            t("thrown in", exc)

    async def main():
        eager(t)
        await asyncio.create_task(child())

    t.run(main())
