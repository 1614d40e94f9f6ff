"""wait(), as_completed(), shield() and wait_for(): results, errors, what they accept."""

import asyncio
import gc

from registry import program
from transcript import hops


async def child(value, after=0):
    await hops(after)
    if isinstance(value, BaseException):
        raise value
    return value


def named(t, name, value=None, after=0):
    return t.loop.create_task(child(value, after), name=name)


def names(tasks):
    """Sets of asyncio's have no order."""
    return sorted(task.get_name() for task in tasks)


@program
def wait_for_all(t):
    async def main():
        done, pending = await asyncio.wait([named(t, "a", after=2), named(t, "b")])
        t(names(done), names(pending), type(done).__name__, type(pending).__name__)
        done, pending = await asyncio.wait(done)
        t(names(done), names(pending))

    t.run(main())


@program
def wait_for_the_first(t):
    async def main():
        tasks = {named(t, f"task {after}", after=after) for after in (4, 1, 7)}
        while tasks:
            done, tasks = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            t(names(done), names(tasks))
        both = [named(t, "x", after=1), named(t, "y", after=1), named(t, "z", after=9)]
        done, pending = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        t(names(done), names(pending))
        await asyncio.wait(pending)

    t.run(main())


@program
def wait_for_the_first_exception(t):
    async def main():
        tasks = [named(t, "a", after=1), named(t, "b", ValueError("b"), 3), named(t, "c", after=5)]
        done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        t(names(done), names(pending), tasks[1].exception())
        await asyncio.wait(pending)
        tasks = [named(t, "a", after=1), named(t, "b", after=2)]
        done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        t(names(done), names(pending))
        tasks = [named(t, "cancelled", after=9), named(t, "b", after=4)]
        await hops(1)
        tasks[0].cancel()
        done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        t("cancellation is no exception", names(done), names(pending))
        failed = named(t, "failed", ValueError("before"))
        await hops(2)
        tasks = [failed, named(t, "other", after=3)]
        done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        t(names(done), names(pending))
        await asyncio.wait(tasks)
        failed.exception()

    t.run(main())


@program
def wait_with_a_timeout(t):
    async def main():
        slow = t.loop.create_task(asyncio.sleep(3600), name="slow")
        quick = named(t, "quick", after=1)
        done, pending = await asyncio.wait([slow, quick], timeout=0.02)
        t(names(done), names(pending), slow.cancelled())
        for timeout in (0, -1, 0.001):
            done, pending = await asyncio.wait([slow, quick], timeout=timeout)
            t(timeout, names(done), names(pending))
        done, pending = await asyncio.wait([quick], timeout=0)
        t(names(done), names(pending))
        done, pending = await asyncio.wait(
            [slow, quick], timeout=0.01, return_when=asyncio.FIRST_COMPLETED
        )
        t(names(done), names(pending))
        slow.cancel()
        await asyncio.wait([slow], timeout=None)

    t.run(main())


@program
def wait_refuses(t):
    async def refused(what, make):
        try:
            await make()
        except Exception as exc:
            t(what, exc)

    async def main():
        coro, task, other = child(1), named(t, "task"), t.new_loop().create_future()
        for what, fs in (
            ("a coroutine", coro),
            ("a list of coroutines", [coro]),
            ("a task and a coroutine", [task, coro]),
            ("a task", task),
            ("nothing", []),
            ("an empty generator", (f for f in ())),
            ("numbers", [1, 2]),
            ("a number", 5),
            ("None", None),
        ):
            await refused(what, lambda fs=fs: asyncio.wait(fs))
        coro.close()
        await refused("when", lambda: asyncio.wait([task], return_when="SOMETIME"))
        await refused("when it is None", lambda: asyncio.wait([task], return_when=None))
        await refused("timeout", lambda: asyncio.wait([t.loop.create_future()], timeout="x"))
        t.refusal("no arguments", asyncio.wait)
        t.refusal("loop", asyncio.wait, [task], loop=t.loop)
        t.refusal("timeout by position", asyncio.wait, [task], 1)
        del other

    t.run(main())
    gc.collect()


@program
def wait_accepts(t):
    async def main():
        tasks = [named(t, name) for name in "abc"]
        done, _ = await asyncio.wait(task for task in tasks)
        t(names(done))
        done, _ = await asyncio.wait([tasks[0], tasks[0], tasks[1]])
        t(names(done))
        done, _ = await asyncio.wait(dict.fromkeys(tasks))
        t(names(done))
        future = t.loop.create_future()
        t.loop.call_soon(future.set_result, 1)
        gathered = asyncio.gather(child(1))
        done, _ = await asyncio.wait((future, gathered))
        t(len(done), future in done, gathered in done)

    t.run(main())


@program
def wait_is_a_coroutine(t):
    task = t.loop.create_task(hops(0))
    coro = asyncio.wait([task])
    t(asyncio.iscoroutine(coro))
    coro.close()
    t.run(task)
    t.run(asyncio.wait([task]))


@program
def wait_leaves_nothing_behind(t):
    async def main():
        future = t.loop.create_future()
        for return_when in (asyncio.FIRST_COMPLETED, asyncio.ALL_COMPLETED):
            await asyncio.wait([future, named(t, "n")], timeout=0.001, return_when=return_when)
            t(future)
        waiting = t.loop.create_task(asyncio.wait([future]))
        await hops(1)
        t(len(future._callbacks))
        waiting.cancel()
        await hops(2)
        t(future)

    t.run(main())


@program
def as_completed_results_and_errors(t):
    async def main():
        children = [child("c", 7), child("a", 1), child(ValueError("b"), 4)]
        for next_one in asyncio.as_completed(children):
            try:
                t(await next_one)
            except ValueError as exc:
                t("raised", exc)
        t([await next_one for next_one in asyncio.as_completed([])])
        task = named(t, "task", "of a task")
        t([await next_one for next_one in asyncio.as_completed([task, task])])
        future = t.loop.create_future()
        future.set_result("done before")
        t([await next_one for next_one in asyncio.as_completed([future])])

    t.run(main())


@program
def as_completed_with_a_timeout(t):
    async def main():
        slow = t.loop.create_task(asyncio.sleep(3600))
        for next_one in asyncio.as_completed([slow, child("quick")], timeout=0.05):
            try:
                t(await next_one)
            except TimeoutError as exc:
                t("timeout", exc)
        t(slow.cancelled(), slow.done())
        for next_one in asyncio.as_completed([slow], timeout=0):
            try:
                t(await next_one)
            except TimeoutError as exc:
                t("timeout", exc)
        for next_one in asyncio.as_completed([child("in time")], timeout=3600):
            t(await next_one)
        slow.cancel()

    t.run(main())


@program
def as_completed_refuses(t):
    async def main():
        task = named(t, "task")
        for what, fs in (("a coroutine", child(1)), ("a task", task), ("a number", 5),
                         ("numbers", [1, 2]), ("None", None)):  # fmt: skip
            try:
                for next_one in asyncio.as_completed(fs):
                    await next_one
            except Exception as exc:
                t(what, exc)
            if what == "a coroutine":
                fs.close()
        t.refusal("no arguments", asyncio.as_completed)
        t.refusal("loop", asyncio.as_completed, [task], loop=t.loop)
        await task

    t.run(main())
    gc.collect()


@program
def as_completed_cancelled(t):
    async def waiting(name):
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError as exc:
            t(name, exc)
            raise

    async def main():
        children = [t.loop.create_task(waiting(name)) for name in "ab"]
        iterator = iter(asyncio.as_completed(children))
        try:
            await next(iterator)
        except asyncio.CancelledError as exc:
            t("main", exc, [task.done() for task in children])
        children[0].cancel("of a child")
        try:
            t(await next(iterator))
        except asyncio.CancelledError as exc:
            t("child", exc)
        for task in children:
            task.cancel()
        await asyncio.wait(children)

    task = t.loop.create_task(main())
    t.spin(2)
    task.cancel("of the one that waits")
    t.run(task)


@program
def as_completed_abandoned(t):
    """What is not asked for goes on by itself."""

    async def main():
        tasks = [named(t, "a", "a"), named(t, "b", "b", 4), named(t, "c", ValueError("c"), 7)]
        for next_one in asyncio.as_completed(tasks):
            t(await next_one)
            break
        await hops(9)
        del next_one, tasks
        gc.collect()

    t.run(main())
    gc.collect()
    t("end")


@program
def as_completed_awaited_later(t):
    async def main():
        awaitables = list(asyncio.as_completed([child("a"), child("b", 3), child("c", 6)]))
        await hops(12)
        for awaitable in reversed(awaitables):
            t(await awaitable)

    t.run(main())


@program(since=(3, 13))
def as_completed_asynchronously(t):
    async def main():
        tasks = [named(t, "c", "c", 7), named(t, "a", "a", 1), named(t, "b", ValueError("b"), 4)]
        async for task in asyncio.as_completed(tasks):
            t(task.get_name(), task in tasks)
            try:
                t(await task)
            except ValueError as exc:
                t(exc)
        async for future in asyncio.as_completed([child("d"), child("e", 3)]):
            t(type(future).__name__, await future)
        async for _ in asyncio.as_completed([]):
            t("never")
        slow = t.loop.create_task(asyncio.sleep(3600))
        try:
            async for future in asyncio.as_completed([slow, child("quick")], timeout=0.05):
                t(future.result())
        except TimeoutError as exc:
            t("timeout", exc)
        slow.cancel()
        completed = asyncio.as_completed([child(1)])
        t(hasattr(completed, "__aiter__"), hasattr(completed, "__next__"))
        async for future in completed:
            t(await future)

    t.run(main())


@program
def shield_results_and_errors(t):
    async def main():
        t(await asyncio.shield(child("coroutine", 1)))
        t(await asyncio.shield(named(t, "task", "of a task", 1)))
        done = t.loop.create_future()
        done.set_result("done")
        t(asyncio.shield(done) is done)
        try:
            await asyncio.shield(child(ValueError("v"), 1))
        except ValueError as exc:
            t(exc)
        try:
            await asyncio.shield(42)
        except TypeError as exc:
            t(exc)

    t.run(main())


@program
def shield_cancelled_then_failing(t):
    """The error of a shielded task that nobody waits for any more is reported."""

    async def main():
        inner = t.loop.create_task(child(ValueError("late"), 3), name="inner")
        outer = asyncio.shield(inner)
        await hops(1)
        outer.cancel()
        await hops(6)
        t(inner.done())

    t.run(main())
    gc.collect()


@program
def wait_for_results_and_errors(t):
    async def main():
        for timeout in (None, 3600):
            t(await asyncio.wait_for(child("coroutine", 1), timeout))
            t(await asyncio.wait_for(named(t, "task", "of a task", 1), timeout))
            try:
                await asyncio.wait_for(child(ValueError("v"), 1), timeout)
            except ValueError as exc:
                t(exc)
        try:
            await asyncio.wait_for(child("never starts"), 0)
        except TimeoutError as exc:
            t(exc)
        try:
            await asyncio.wait_for(42, 1)
        except TypeError as exc:
            t(type(exc).__name__)

    t.run(main())
    gc.collect()


@program
def wait_for_something_that_refuses(t):
    async def stubborn(result):
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            await asyncio.sleep(0.001)
            if isinstance(result, Exception):
                raise result from None
            return result

    async def main():
        for result in ("refused", ValueError("failed instead")):
            try:
                t(await asyncio.wait_for(stubborn(result), 0.01))
            except (TimeoutError, ValueError) as exc:
                t(exc)

    t.run(main())


@program
def wait_for_cancelled(t):
    async def waiting():
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError as exc:
            t("inner", exc)
            raise

    for timeout in (None, 3600):
        task = t.loop.create_task(asyncio.wait_for(waiting(), timeout))
        t.spin(2)
        task.cancel("from outside")
        t.run(task)


@program
def other_loop_s_futures(t):
    other = t.new_loop()

    async def main():
        for what in (asyncio.gather, asyncio.shield, lambda f: asyncio.wait_for(f, 0.02)):
            future = other.create_future()
            try:
                await what(future)
            except (RuntimeError, ValueError, TimeoutError) as exc:
                t(exc)
        for what in (lambda f: asyncio.wait([f]), lambda f: next(asyncio.as_completed([f]))):
            future = other.create_future()
            try:
                await asyncio.wait_for(what(future), 0.02)
            except (RuntimeError, ValueError, TimeoutError) as exc:
                t(exc)

    t.run(main())
    gc.collect()


@program
def ensure_future(t):
    class Awaitable:
        def __await__(self):
            return (yield from named(t, "n", "awaited").__await__())

    async def main():
        future, task = t.loop.create_future(), named(t, "task")
        t(asyncio.ensure_future(future) is future, asyncio.ensure_future(task) is task)
        t(await asyncio.ensure_future(child("coroutine")))
        t(await asyncio.ensure_future(Awaitable()))
        t.attempt("number", asyncio.ensure_future, 42)
        t.attempt("other loop", asyncio.ensure_future, future, loop=t.new_loop())

    t.run(main())
