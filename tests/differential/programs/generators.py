"""Asynchronous generators: who finalises them, and shutdown_asyncgens()."""

import asyncio
import gc
import sys

from registry import program
from transcript import hops


def counting(t, name):
    async def generator():
        try:
            for number in range(100):
                yield number
        except BaseException as exc:
            t(name, "got", type(exc).__name__)
            raise
        finally:
            await asyncio.sleep(0)
            t(name, "finalised")

    return generator()


async def start(generator):
    return await generator.__anext__()


@program
def exhausted_and_closed(t):
    async def main():
        async def three():
            for number in range(3):
                yield number
                await asyncio.sleep(0)

        t([number async for number in three()])
        generator = counting(t, "closed")
        t(await start(generator), await generator.__anext__())
        await generator.aclose()
        t("closed by hand")

    t.run(main())


@program
def forgotten_while_the_loop_runs(t):
    """The loop's finalizer hook closes it in a task of its own."""

    async def main():
        generator = counting(t, "forgotten")
        await start(generator)
        del generator
        gc.collect()
        t("forgotten, not finalised yet")
        await hops(4)
        t("main ends")

    t.run(main())


@program
def forgotten_while_it_does_not_run(t):
    generators = [counting(t, "forgotten")]
    t.run(start(generators[0]))
    generators.clear()
    gc.collect()
    t("not finalised yet")
    t.spin(4)


@program
def shutdown(t):
    generators = [counting(t, "one")]
    t.run(start(generators[0]))
    t.run(t.loop.shutdown_asyncgens())
    t.run(start(generators[0]))
    t.run(t.loop.shutdown_asyncgens())


@program
def shutdown_of_several(t):
    """They are kept in a set: which comes first is nobody's business."""
    generators = [counting(t, f"generator {number}") for number in range(4)]
    for generator in generators:
        t.run(start(generator))
    former = t.lines
    t.lines = []
    t.run(t.loop.shutdown_asyncgens())
    t.lines = former + sorted(t.lines)


@program
def first_used_after_shutdown(t):
    t.run(t.loop.shutdown_asyncgens())
    generator = counting(t, "late")
    t.run(start(generator))
    t.run(generator.aclose())


@program
def that_fail_to_close(t):
    async def failing():
        try:
            yield 1
        finally:
            raise ValueError("while closing")

    generator = failing()
    t.run(start(generator))
    t.run(t.loop.shutdown_asyncgens())


@program
def that_refuse_to_close(t):
    async def refusing():
        try:
            yield 1
        except GeneratorExit:
            yield 2

    generator = refusing()
    t.run(start(generator))
    t.run(t.loop.shutdown_asyncgens())


@program
def hooks(t):
    """Set while the loop runs, and put back afterwards."""

    def mine(generator):
        pass

    def shown():
        hooks = sys.get_asyncgen_hooks()
        t(hooks.firstiter is mine, hooks.finalizer is mine, hooks.firstiter is None)

    shown()
    t.loop.call_soon(shown)
    t.spin()
    sys.set_asyncgen_hooks(mine, mine)
    shown()
    t.loop.call_soon(shown)
    t.spin()
    shown()
    sys.set_asyncgen_hooks(None, None)
    t.attempt("after an exception", t.loop.run_until_complete, raising(KeyboardInterrupt()))
    shown()


async def raising(exc):
    raise exc


@program
def closed_by_the_runner(t):
    async def main():
        kept.append(counting(t, "kept"))
        await start(kept[0])

    kept = []
    with asyncio.Runner(loop_factory=t.loop_factory) as runner:
        runner.run(main())
        t("main is done")
    t("runner is closed")


@program
def cancelled_while_iterating(t):
    async def main():
        async def generator():
            try:
                while True:
                    await asyncio.sleep(0)
                    yield
            except asyncio.CancelledError:
                t("generator cancelled")
                raise
            finally:
                t("generator finalised")

        async for _ in generator():
            pass

    task = t.loop.create_task(main())
    t.spin(4)
    task.cancel()
    t.run(task)


@program
def two_loops(t):
    """Each shuts down its own."""
    one, two = t.new_loop(), t.new_loop()
    first, second = counting(t, "first"), counting(t, "second")
    one.run_until_complete(start(first))
    two.run_until_complete(start(second))
    one.run_until_complete(one.shutdown_asyncgens())
    t("one shut down")
    two.run_until_complete(two.shutdown_asyncgens())


@program
def async_comprehensions_and_context_managers(t):
    import contextlib

    @contextlib.asynccontextmanager
    async def managed(name):
        t("enter", name)
        await asyncio.sleep(0)
        try:
            yield name
        finally:
            await asyncio.sleep(0)
            t("exit", name)

    async def main():
        async with managed("a") as a, managed("b") as b:
            t(a, b)
            t([await asyncio.sleep(0, n) for n in range(3)])
        try:
            async with managed("c"):
                raise ValueError("inside")
        except ValueError as exc:
            t(exc)
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(managed("d"))

    t.run(main())
