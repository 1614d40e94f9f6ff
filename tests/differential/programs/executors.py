"""run_in_executor() and what surrounds it."""

import asyncio
import concurrent.futures
import threading

from registry import program
from transcript import hops


def fails(exc):
    raise exc


@program
def results_and_exceptions(t):
    async def main():
        t(await t.loop.run_in_executor(None, int, "42"))
        t(await t.loop.run_in_executor(None, lambda: None))
        for exc in (ValueError("v"), KeyboardInterrupt("k"), SystemExit(1)):
            try:
                await t.loop.run_in_executor(None, fails, exc)
            except BaseException as caught:
                t("caught", caught)

    t.run(main())


@program
def stop_iteration_from_a_thread(t):
    """No future takes it before Python 3.13: then the waiter waits for ever."""

    async def main():
        try:
            await asyncio.wait_for(t.loop.run_in_executor(None, fails, StopIteration("s")), 0.2)
        except BaseException as caught:
            t(type(caught).__name__)

    t.run(main())


@program
def what_it_returns(t):
    async def main():
        future = t.loop.run_in_executor(None, int, "1")
        t(isinstance(future, asyncio.Future), future.get_loop() is t.loop)
        t(await future, future)

    t.run(main())
    t.run(t.loop.run_in_executor(None, int, "2"))


@program
def several_at_once(t):
    async def main():
        t(await asyncio.gather(*(t.loop.run_in_executor(None, pow, n, 2) for n in range(20))))

    t.run(main())


@program
def they_run_in_threads(t):
    async def main():
        name = await t.loop.run_in_executor(None, lambda: threading.current_thread().name)
        t(name.rpartition("_")[0], threading.current_thread() is threading.main_thread())

    t.run(main())


@program
def an_executor_of_one_s_own(t):
    with concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="mine") as executor:
        t.run(t.loop.run_in_executor(executor, lambda: threading.current_thread().name))
        t.loop.set_default_executor(executor)
        t.run(t.loop.run_in_executor(None, lambda: threading.current_thread().name))
        t(t.loop._default_executor is executor)
        t.run(t.loop.shutdown_default_executor())
        t.attempt("shut down", executor.submit, int)


@program
def what_can_be_the_default_executor(t):
    class Executor(concurrent.futures.Executor):
        pass

    class Threads(concurrent.futures.ThreadPoolExecutor):
        pass

    for executor in (None, 42, Executor(), Executor):
        t.attempt("set", t.loop.set_default_executor, executor)
    with Threads(1) as executor:
        t.attempt("set", t.loop.set_default_executor, executor)


@program
def cancelled_while_it_runs(t):
    """The thread goes on; nobody waits for its result."""
    started, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def work():
        started.set()
        go_on.wait()
        ended.set()
        return "too late"

    async def main():
        future = t.loop.run_in_executor(None, work)
        while not started.is_set():
            await asyncio.sleep(0.001)
        t("cancel", future.cancel(), future.cancelled())
        go_on.set()
        try:
            await future
        except asyncio.CancelledError as exc:
            t(exc)
        while not ended.is_set():
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.01)
        t(future)

    t.run(main())


@program
def cancelled_before_it_runs(t):
    go_on = threading.Event()

    async def main():
        busy = t.loop.run_in_executor(executor, go_on.wait)
        waiting = t.loop.run_in_executor(executor, t, "never")
        waiting.cancel()
        await hops(2)
        go_on.set()
        t(await busy, waiting.cancelled())

    with concurrent.futures.ThreadPoolExecutor(1) as executor:
        t.run(main())


@program
def shutdown(t):
    async def main():
        await t.loop.run_in_executor(None, int)
        await t.loop.shutdown_default_executor()
        t("shut down")
        try:
            await t.loop.run_in_executor(None, int)
        except RuntimeError as exc:
            t(exc)
        await t.loop.shutdown_default_executor()

    t.run(main())


@program
def shutdown_waits(t):
    async def main():
        future = t.loop.run_in_executor(None, slow)
        await t.loop.shutdown_default_executor()
        t("after", future.done() or (await future))

    def slow():
        import time

        time.sleep(0.05)
        t("slow is done")

    t.run(main())


@program
def shutdown_without_an_executor(t):
    t.run(t.loop.shutdown_default_executor())
    t.run(t.loop.shutdown_default_executor())


@program(since=(3, 12))
def shutdown_that_takes_too_long(t):
    go_on = threading.Event()

    async def main():
        t.loop.run_in_executor(None, go_on.wait)
        t.loop.call_later(0.1, go_on.set)
        await t.loop.shutdown_default_executor(timeout=0.01)
        t("went on")

    try:
        t.run(main())
    finally:
        go_on.set()


@program
def to_thread(t):
    async def main():
        t(await asyncio.to_thread(dict, [("a", 1)], b=2))
        try:
            await asyncio.to_thread(fails, OSError("o"))
        except OSError as exc:
            t(exc)

    t.run(main())


@program
def coroutines_from_other_threads(t):
    """run_coroutine_threadsafe(): results, exceptions, cancellation."""

    async def child(value):
        await asyncio.sleep(0.001)
        if isinstance(value, Exception):
            raise value
        return value

    def in_thread():
        t(asyncio.run_coroutine_threadsafe(child(1), t.loop).result(10))
        try:
            asyncio.run_coroutine_threadsafe(child(ValueError("v")), t.loop).result(10)
        except ValueError as exc:
            t("thread caught", exc)
        future = asyncio.run_coroutine_threadsafe(asyncio.sleep(3600), t.loop)
        future.cancel()
        t(future.cancelled())
        t.attempt("no coroutine", asyncio.run_coroutine_threadsafe, 42, t.loop)

    t.run(asyncio.to_thread(in_thread))
    t.spin(3)
    t(len(asyncio.all_tasks(t.loop)))


@program
def wrapped_concurrent_futures(t):
    async def main():
        future = concurrent.futures.Future()
        wrapped = asyncio.wrap_future(future)
        t(isinstance(wrapped, asyncio.Future), asyncio.wrap_future(wrapped) is wrapped)
        t.loop.call_soon(future.set_result, "concurrent")
        t(await wrapped)
        future = concurrent.futures.Future()
        wrapped = asyncio.wrap_future(future)
        wrapped.cancel()
        await hops(2)
        t(future.cancelled())
        future = concurrent.futures.Future()
        wrapped = asyncio.wrap_future(future)
        future.cancel()
        await hops(3)
        t(wrapped.cancelled())
        t.attempt("not a future", asyncio.wrap_future, 42)

    t.run(main())
