"""Futures of other threads and of the loop: wrap_future(), run_coroutine_threadsafe()."""

import asyncio
import concurrent.futures
import threading

from registry import program
from transcript import hops


def in_thread(call):
    """What the call, made in another thread, returns or raises."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        return pool.submit(call).result()


@program
def results_of_a_thread(t):
    async def main():
        for outcome in (5, None, ValueError("there"), concurrent.futures.CancelledError("odd")):
            source = concurrent.futures.Future()
            future = asyncio.wrap_future(source)
            t(future, len(source._done_callbacks))
            settle = source.set_exception if isinstance(outcome, Exception) else source.set_result
            in_thread(lambda settle=settle, outcome=outcome: settle(outcome))
            try:
                t(await future)
            except BaseException as caught:
                t(caught)
        done = concurrent.futures.Future()
        done.set_result("at once")
        t(await asyncio.wrap_future(done, loop=t.loop))
        t(asyncio.wrap_future(future) is future)

    t.run(main())
    t.refusal("no future", asyncio.wrap_future, 3)
    t.refusal("nothing", asyncio.wrap_future)


@program
def finished_in_the_loops_own_thread(t):
    async def main():
        source = concurrent.futures.Future()
        future = asyncio.wrap_future(source)
        future.add_done_callback(lambda future: t("done", future))
        source.set_result("mine")
        t(future)
        await hops(4)
        t(future)

    t.run(main())


@program
def cancelled_on_either_side(t):
    async def main():
        source = concurrent.futures.Future()
        future = asyncio.wrap_future(source)
        future.cancel("not needed")
        await hops(2)
        t(source.cancelled(), future)
        source = concurrent.futures.Future()
        future = asyncio.wrap_future(source)
        source.cancel()
        source.set_running_or_notify_cancel()
        await hops(3)
        t(future.cancelled(), future)
        running = concurrent.futures.Future()
        running.set_running_or_notify_cancel()
        future = asyncio.wrap_future(running)
        future.cancel()
        await hops(2)
        running.set_result("too late")
        await hops(2)
        t(running.result(), future)

    t.run(main())


@program
def a_coroutine_from_a_thread(t):
    async def work(outcome):
        await hops(2)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def ask(outcome):
        future = asyncio.run_coroutine_threadsafe(work(outcome), t.loop)
        try:
            return type(future).__name__, future.result(5)
        except BaseException as caught:
            return type(caught).__name__, caught.args

    async def main():
        for outcome in ("done", None, LookupError("lost"), asyncio.CancelledError("away")):
            t(await t.loop.run_in_executor(None, ask, outcome))

    t.run(main())
    t.refusal("no coroutine", asyncio.run_coroutine_threadsafe, 3, t.loop)


@program
def cancelled_from_a_thread(t):
    started = threading.Event()

    async def work():
        try:
            started.set()
            await t.loop.create_future()
        except asyncio.CancelledError as caught:
            t("cancelled", caught.args)
            raise

    def ask():
        future = asyncio.run_coroutine_threadsafe(work(), t.loop)
        started.wait(5)
        return future.cancel(), future.cancelled()

    async def main():
        t(await t.loop.run_in_executor(None, ask))
        await hops(4)
        t(len(asyncio.all_tasks()))

    t.run(main())


@program
def what_cannot_be_started(t):
    def refuse(loop, coro, **options):
        coro.close()
        raise OSError("no tasks here")

    async def work():
        pass

    async def main():
        t.loop.set_task_factory(refuse)
        future = asyncio.run_coroutine_threadsafe(work(), t.loop)
        await hops(2)
        t(future.done(), repr(future.exception()))
        t.loop.set_task_factory(None)

    t.run(main())


@program
def callbacks_of_chained_futures(t):
    async def main():
        future = asyncio.wrap_future(concurrent.futures.Future())
        t(future, [callback.__name__ for callback, _ in future._callbacks])
        future.cancel()
        await hops(1)

    t.run(main())
