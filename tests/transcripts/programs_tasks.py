"""Futures, tasks and the order in which they wake up."""

import asyncio
import contextvars
import sys
import types


def _ticker(log, loop, hops=12):
    """Logs each iteration of the loop, so that the hops of everything else can be counted."""

    def tick(i):
        log("tick", i)
        if i < hops:
            loop.call_soon(tick, i + 1)

    loop.call_soon(tick, 0)


def callbacks_of_a_future(log, loop):
    future = loop.create_future()

    def callback(name, done):
        log(name, done is future, done.result())
        if name == "one":
            future.add_done_callback(lambda f: log("added while running"))

    names = [lambda f, n=n: callback(n, f) for n in ("one", "two", "three")]
    for name in names:
        future.add_done_callback(name)
    future.add_done_callback(names[0])
    log(future.remove_done_callback(names[0]), future.remove_done_callback(log))
    future.add_done_callback(names[0])
    loop.call_soon(future.set_result, 42)
    _ticker(log, loop, 4)
    loop.run_until_complete(future)
    loop.run_until_complete(asyncio.sleep(0))
    future.add_done_callback(lambda f: log("after done"))
    loop.run_until_complete(asyncio.sleep(0))


def states_of_a_future(log, loop):
    future = loop.create_future()
    log(future, future.done(), future.cancelled(), future._state, future._callbacks)
    for method in ("result", "exception"):
        with log.errors():
            getattr(future, method)()
    future.set_result([1, 2])
    log(future, future.result(), future.exception(), future.cancel())
    for method, args in (("set_result", (1,)), ("set_exception", (ValueError,))):
        with log.errors():
            getattr(future, method)(*args)
    cancelled = loop.create_future()
    log(cancelled.cancel("why"), cancelled.cancel(), cancelled, cancelled._cancel_message)
    for method in ("result", "exception"):
        with log.errors(asyncio.CancelledError):
            getattr(cancelled, method)()
    failed = loop.create_future()
    failed.set_exception(KeyError("k"))
    log(failed, repr(failed.exception()))
    for bad in (1, object, None):
        with log.errors(TypeError):
            loop.create_future().set_exception(bad)
    with log.errors():
        future.add_done_callback()
    with log.errors():
        failed._log_traceback = True


def stop_iteration_in_a_future(log, loop):
    future = loop.create_future()
    with log.errors(TypeError):
        future.set_exception(StopIteration)
    if future.done():
        log(repr(future.exception()), repr(future.exception().__cause__))


def hops_of_awaiting(log, loop):
    async def waits(name, awaitable):
        log(name, "waits")
        log(name, "resumes with", await awaitable)

    future = loop.create_future()

    async def returns():
        return "returned"

    async def main():
        _ticker(log, loop)
        tasks = [
            loop.create_task(waits("future", future)),
            loop.create_task(waits("future too", future)),
            loop.create_task(waits("task", loop.create_task(returns()))),
            loop.create_task(waits("sleep(0)", asyncio.sleep(0, "slept"))),
            loop.create_task(waits("gather", asyncio.gather(returns(), returns()))),
            loop.create_task(waits("shield", asyncio.shield(returns()))),
            loop.create_task(waits("wait_for", asyncio.wait_for(returns(), 10))),
            loop.create_task(waits("wait", _names(asyncio.wait([loop.create_task(returns())])))),
        ]
        loop.call_soon(future.set_result, "result")
        for task in tasks:
            await task

    loop.run_until_complete(main())


async def _names(waiting):
    done, pending = await waiting
    return len(done), len(pending)


def hops_of_many_tasks(log, loop):
    async def worker(i):
        for step in range(3):
            log("worker", i, "step", step)
            await asyncio.sleep(0)
        return i

    async def main():
        tasks = [loop.create_task(worker(i)) for i in range(4)]
        _ticker(log, loop, 6)
        log([await task for task in tasks])

    loop.run_until_complete(main())


def sleeping_tasks_wake_in_order(log, loop):
    async def one(i, delay):
        await asyncio.sleep(delay)
        log("awake", i)

    async def main():
        await asyncio.gather(*[one(i, 0.02 * (5 - i)) for i in range(5)])

    loop.run_until_complete(main())


def a_sleep_takes_two_hops_after_its_deadline(log, loop):
    async def main():
        loop.call_later(0.01, lambda: _ticker(log, loop, 3))
        await asyncio.sleep(0.01)
        log("awake")
        await asyncio.sleep(0.02)

    # All due in one iteration, so that only the hops decide.
    import time

    async def block():
        await asyncio.sleep(0)
        time.sleep(0.02)

    loop.run_until_complete(asyncio.wait_for(_both(main(), block()), 5))


async def _both(one, other):
    await asyncio.gather(one, other)


def contexts_of_tasks(log, loop):
    var = contextvars.ContextVar("var", default="default")

    async def child():
        log("child sees", var.get())
        var.set("child")
        await asyncio.sleep(0)
        log("child still", var.get())

    async def main():
        var.set("main")
        await loop.create_task(child())
        log("main still", var.get())
        context = contextvars.copy_context()
        await loop.create_task(child(), context=context)
        log("given", context[var])
        future = loop.create_future()
        future.add_done_callback(lambda f: log("callback", var.get()), context=context)
        future.add_done_callback(lambda f: log("callback", var.get()))
        var.set("changed")
        future.set_result(None)
        await asyncio.sleep(0)

    loop.run_until_complete(main())


def names_and_reprs_of_tasks(log, loop):
    async def coro():
        await asyncio.sleep(0)

    async def main():
        task = loop.create_task(coro(), name="named")
        log(task, task.get_name(), task.done(), task.cancelling())
        await asyncio.sleep(0)
        log(str(task).split(" at ")[0])
        task.set_name(123)
        log(repr(task.get_name()))
        await task
        log(str(task).split("defined")[0], task.get_coro().__name__)
        for method in ("set_result", "set_exception"):
            with log.errors(RuntimeError):
                getattr(task, method)(1)

    loop.run_until_complete(main())


def who_is_running(log, loop):
    async def child():
        log(asyncio.current_task().get_name(), len(asyncio.all_tasks()))
        await asyncio.sleep(0)
        log(asyncio.current_task().get_name())

    async def main():
        asyncio.current_task().set_name("main")
        loop.call_soon(lambda: log("callback", asyncio.current_task()))
        task = loop.create_task(child(), name="child")
        log(sorted(t.get_name() for t in asyncio.all_tasks()))
        await task
        log(asyncio.current_task().get_name(), len(asyncio.all_tasks()))

    loop.run_until_complete(main())
    with log.errors(RuntimeError):
        asyncio.current_task()
    log(asyncio.all_tasks(loop))


def factories(log, loop):
    class Special(asyncio.Task):
        pass

    def factory(loop, coro, **kwargs):
        log("factory", sorted(kwargs))
        return Special(coro, loop=loop, **kwargs)

    async def main():
        log(type(loop.create_task(asyncio.sleep(0), name="n")).__name__)
        await asyncio.gather(asyncio.sleep(0), asyncio.sleep(0))

    loop.set_task_factory(factory)
    log(loop.get_task_factory() is factory)
    loop.run_until_complete(main())
    with log.errors(TypeError):
        loop.set_task_factory(1)
    loop.set_task_factory(None)


def eager_tasks(log, loop):
    if sys.version_info < (3, 12):
        log("not on this version")
        return

    async def child(i):
        log("child", i, asyncio.current_task().get_name())
        if i:
            await asyncio.sleep(0)
        return i

    async def main():
        asyncio.current_task().set_name("main")
        for i in range(2):
            task = asyncio.Task(child(i), loop=loop, eager_start=True, name=f"eager {i}")
            log(task.done(), asyncio.current_task().get_name(), len(asyncio.all_tasks()))
            log(await task)

    loop.run_until_complete(main())


def what_is_not_awaitable(log, loop):
    @types.coroutine
    def yields(value):
        return (yield value)

    async def main(value):
        with log.errors(RuntimeError):
            await yields(value)

    loop.run_until_complete(main(1))
    loop.run_until_complete(main("text"))
    loop.run_until_complete(main(loop.create_future()))
    loop.run_until_complete(main(i for i in ()))
    for bad in (1, None, len):
        with log.errors(TypeError):
            loop.create_task(bad)
        with log.errors(TypeError):
            loop.run_until_complete(bad)


def awaiting_oneself_and_other_loops(log, loop):
    async def myself():
        with log.errors(RuntimeError):
            await asyncio.current_task()

    loop.run_until_complete(myself())
    other = asyncio.SelectorEventLoop()
    foreign = other.create_future()

    async def elsewhere():
        with log.errors(RuntimeError):
            await foreign

    loop.run_until_complete(elsewhere())
    other.close()
