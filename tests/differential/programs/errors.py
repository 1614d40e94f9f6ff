"""Exceptions out of tasks and callbacks: who gets them, and what is said when nobody does."""

import asyncio
import gc
import traceback

from registry import program
from transcript import hops


async def failing(exc, after=0):
    await hops(after)
    raise exc


async def sleeping():
    await asyncio.sleep(3600)


@program
def a_task_that_fails(t):
    t.run(failing(ValueError("at once")))
    t.run(failing(ValueError("later"), 2))
    task = t.loop.create_task(failing(KeyError("k")))
    t.spin()
    t(task.done(), task.cancelled(), task.exception(), task)
    t.attempt("result", task.result)
    t.attempt("again", task.result)


@program
def never_retrieved(t):
    task = t.loop.create_task(failing(ValueError("task")))
    t.spin()
    del task
    future = t.loop.create_future()
    future.set_exception(ValueError("future"))
    del future
    gc.collect()
    future = t.loop.create_future()
    future.set_exception(ValueError("retrieved"))
    future.exception()
    del future
    future = t.loop.create_future()
    future.set_exception(ValueError("flag cleared"))
    future._log_traceback = False
    del future
    future = t.loop.create_future()
    future.cancel()
    del future
    gc.collect()


@program
def what_the_handler_is_given(t):
    def handler(loop, context):
        t(loop is t.loop, list(context))
        for key, value in context.items():
            t(key, type(value).__name__, value)

    def bad():
        raise ValueError("callback")

    t.loop.set_exception_handler(handler)
    t.loop.call_soon(bad)
    t.loop.call_later(0, bad)
    future = t.loop.create_future()
    future.set_exception(KeyError("future"))
    task = t.loop.create_task(failing(OSError("task")))
    t.spin(3)
    del future
    del task
    gc.collect()
    task = t.loop.create_task(sleeping())
    t.spin()
    del task
    gc.collect()


@program
def destroyed_but_pending(t):
    async def waiting(future):
        await future

    task = t.loop.create_task(waiting(t.loop.create_future()))
    t.spin()
    del task
    gc.collect()
    task = t.loop.create_task(waiting(t.loop.create_future()), name="not logged")
    task._log_destroy_pending = False
    t.spin()
    del task
    gc.collect()
    t("end")


@program
def closing_the_loop_with_a_task_pending(t):
    async def waiting():
        try:
            await asyncio.sleep(3600)
        finally:
            t("cleaned up")

    task = t.loop.create_task(waiting())
    t.spin()
    t.loop.close()
    t(task)
    del task
    gc.collect()


@program
def closing_the_loop_with_a_task_not_started(t):
    async def never():
        t("never")

    task = t.loop.create_task(never())
    t.loop.close()
    t(task)
    del task
    gc.collect()


@program
def stop_iteration_from_a_coroutine(t):
    t.run(failing(StopIteration("seven")))
    t.run(failing(StopAsyncIteration("eight")))
    t.run(failing(GeneratorExit("nine")))


class Base(BaseException):
    """Neither Exception nor one that asyncio treats apart."""


@program
def base_exceptions_in_tasks(t):
    """KeyboardInterrupt and SystemExit leave the loop, which can then be used again."""
    for exc in (KeyboardInterrupt("ki"), SystemExit(3), Base("base")):
        for after in (0, 2):
            task = t.loop.create_task(failing(exc, after), name="failing")
            t.loop.call_soon(t, "soon, before or after")
            t.attempt("run_forever", lambda: (t.loop.call_later(0.02, t.loop.stop),
                                              t.loop.run_forever()))  # fmt: skip
            t(task.done(), task)
            if task.done():
                t("exception", task.exception())
            t("running", t.loop.is_running())
            t.run(asyncio.sleep(0.03, "the loop still works"))


@program
def base_exceptions_in_callbacks(t):
    def bad(exc):
        raise exc

    for exc in (KeyboardInterrupt("ki"), SystemExit(3), Base("base")):
        t.loop.call_soon(t, "before")
        t.loop.call_soon(bad, exc)
        t.loop.call_soon(t, "after: still run, later")
        t.attempt("spin", t.spin)
        t("running", t.loop.is_running())
        t.spin()
        t.run(asyncio.sleep(0, "the loop still works"))
        future = t.loop.create_future()
        future.add_done_callback(lambda f, exc=exc: bad(exc))
        future.add_done_callback(t.log("next callback"))
        future.set_result(None)
        t.attempt("future's callback", t.spin)
        t.spin()
        t.loop.call_later(0, bad, exc)
        t.attempt("timer", t.spin, 2)
        t.spin()


@program
def base_exceptions_in_what_is_run_until_complete(t):
    for exc in (KeyboardInterrupt("ki"), SystemExit(3), Base("base")):
        for after in (0, 1):
            t.run(failing(exc, after))
            t("running", t.loop.is_running())
    t.run(asyncio.sleep(0, "fine"))


@program
def base_exceptions_meet_an_awaiting_task(t):
    """The exception leaves the loop at once; the awaiting task gets it when the loop runs again."""

    async def awaiting(task):
        try:
            await task
        except BaseException as exc:
            t("awaiting task got", exc)
            return "survived"

    for exc in (KeyboardInterrupt("ki"), SystemExit(3)):
        failed = t.loop.create_task(failing(exc))
        waiter = t.loop.create_task(awaiting(failed))
        t.attempt("first run", t.spin, 3)
        t(failed.done(), waiter.done())
        t.run(waiter)


@program
def gather_of_base_exceptions(t):
    async def main(exc):
        results = await asyncio.gather(failing(exc), asyncio.sleep(0, 1), return_exceptions=True)
        t("results", results)

    for exc in (KeyboardInterrupt("ki"), Base("base")):
        task = t.loop.create_task(main(exc))
        t.run(task)
        t(task)
        t.spin(5)
        t(task)
        if not task.done():
            task.cancel()
            t.spin(2)


@program
def tracebacks(t):
    """Only frames of the program's own: no frame of the runtime comes between."""

    async def inner():
        await hops(1)
        raise ValueError("inner")

    async def outer():
        await asyncio.ensure_future(inner())

    async def gathering():
        await asyncio.gather(outer(), asyncio.sleep(0))

    def frames(exc):
        t([f.name for f in traceback.extract_tb(exc.__traceback__) if "tests" in f.filename])

    for coro in (inner(), outer(), gathering()):
        try:
            t.loop.run_until_complete(coro)
        except ValueError as exc:
            frames(exc)
    task = t.loop.create_task(inner())
    t.spin(3)
    for _ in range(3):
        try:
            task.result()
        except ValueError as exc:
            frames(exc)


@program
def the_same_exception_object(t):
    async def awaiting(task, caught):
        try:
            await task
        except ValueError as exc:
            caught.append(exc)

    async def main():
        exc, caught = ValueError("one"), []
        task = asyncio.ensure_future(failing(exc))
        await asyncio.gather(*(awaiting(task, caught) for _ in range(3)))
        t([c is exc for c in caught], task.exception() is exc)

    t.run(main())


@program
def exceptions_with_context(t):
    async def main():
        try:
            raise KeyError("first")
        except KeyError:
            task = asyncio.ensure_future(failing(ValueError("second")))
            try:
                await task
            except ValueError as exc:
                t("in a handler", exc)
        try:
            try:
                await asyncio.ensure_future(failing(OSError("third")))
            except OSError as exc:
                raise RuntimeError("fourth") from exc
        except RuntimeError as exc:
            t("from", exc)

    t.run(main())


@program
def an_exception_group_from_a_task(t):
    async def main():
        raise ExceptionGroup("group", [ValueError(1), TypeError(2)])

    try:
        t.loop.run_until_complete(main())
    except* ValueError as group:
        t("values", group.exceptions)
    except* TypeError as group:
        t("types", group.exceptions)


@program
def coroutines_never_awaited(t):
    async def never():
        t("never")

    never()
    gc.collect()
    coro = asyncio.sleep(1)
    del coro
    gc.collect()
    coro = asyncio.wait([t.loop.create_future()])
    del coro
    gc.collect()
    t("end")


@program
def coroutines_run_twice(t):
    async def main():
        return "ran"

    coro = main()
    t.run(coro)
    t.run(coro)

    async def awaits_itself():
        async def inner():
            await hops(3)

        coro = inner()
        task = asyncio.ensure_future(coro)
        await hops(1)
        try:
            await coro
        except RuntimeError as exc:
            t(exc)
        await task

    t.run(awaits_itself())


@program
def what_is_not_a_coroutine(t):
    def function():
        pass

    def generator():
        yield

    async def asynchronous_generator():
        yield

    for thing in (42, None, "text", function, generator(), asynchronous_generator(), object):
        t.attempt("create_task", t.loop.create_task, thing)
    for thing in (42, None, "text", function, generator(), asynchronous_generator()):
        t.attempt("run_until_complete", t.loop.run_until_complete, thing)
        t.attempt("ensure_future", asyncio.ensure_future, thing, loop=t.loop)
    t.refusal("nothing", t.loop.create_task)
    t.spin()


@program
def handlers(t):
    def bad():
        raise ValueError("bad")

    def handler(loop, context):
        t("handler", context["message"], context["exception"])

    t("none at first", t.loop.get_exception_handler())
    t.loop.set_exception_handler(handler)
    t("set", t.loop.get_exception_handler() is handler)
    t.loop.call_soon(bad)
    t.spin()
    t.loop.set_exception_handler(None)
    t.loop.call_soon(bad)
    t.spin()
    for thing in (42, "text", object()):
        t.attempt("set to", t.loop.set_exception_handler, thing)
    t.loop.set_exception_handler(lambda *args: t("any", len(args)))
    t.loop.call_exception_handler({"message": "by hand"})
    t.loop.default_exception_handler({"message": "default", "exception": OSError("o"), "more": 5})
    t.loop.default_exception_handler({})
    t.refusal("no context", t.loop.call_exception_handler)


@program
def handlers_that_fail(t):
    def bad():
        raise ValueError("original")

    def failing_handler(loop, context):
        raise KeyError("in the handler")

    def leaving_handler(loop, context):
        raise SystemExit("from the handler")

    t.loop.set_exception_handler(failing_handler)
    t.loop.call_soon(bad)
    t.loop.call_soon(t, "after")
    t.spin()
    t.loop.set_exception_handler(leaving_handler)
    t.loop.call_soon(bad)
    t.loop.call_soon(t, "after")
    t.attempt("spin", t.spin)
    t.spin()


@program
def the_handler_s_context(t):
    """Python 3.12 and newer run it in the context of the task or handle concerned."""
    import contextvars

    var = contextvars.ContextVar("var", default="unset")

    def handler(loop, context):
        t(context["message"].split(" at ")[0], "sees", var.get())

    def bad():
        var.set("set in the callback")
        raise ValueError

    async def bad_task():
        var.set("set in the task")
        raise ValueError

    t.loop.set_exception_handler(handler)
    t.loop.call_soon(bad)
    task = t.loop.create_task(bad_task())
    t.spin(2)
    del task
    gc.collect()
