"""Cancelling tasks: when it takes effect, what becomes of it, and of its message."""

import asyncio
import gc

from registry import program
from transcript import hops


async def until_cancelled(t, name="task", after=0):
    """Wait for ever; say so when cancelled."""
    try:
        await asyncio.get_running_loop().create_future()
    except asyncio.CancelledError as exc:
        t(name, "cancelled", exc)
        await hops(after)
        raise


@program
def before_it_starts(t):
    async def never():
        t("never")

    task = t.loop.create_task(never())
    t(task.cancel(), task.cancelled(), task.done(), task.cancelling())
    t.run(task)
    t(task.cancelled(), task)
    t(task.cancel(), task.cancelling())


@program
def while_it_waits_for(t):
    async def sleeping():
        await asyncio.sleep(3600)

    async def for_a_task():
        await asyncio.ensure_future(until_cancelled(t, "inner"))

    async def for_a_gather():
        await asyncio.gather(until_cancelled(t, "a"), until_cancelled(t, "b"))

    async def for_a_wait():
        inner = asyncio.ensure_future(until_cancelled(t, "waited for"))
        try:
            await asyncio.wait([inner])
        finally:
            t("still pending", not inner.done(), inner.cancelling())
            inner.cancel()

    async def for_as_completed():
        for next_one in asyncio.as_completed([until_cancelled(t, "next")]):
            await next_one

    async def for_a_shield():
        inner = asyncio.ensure_future(until_cancelled(t, "shielded"))
        try:
            await asyncio.shield(inner)
        finally:
            t("inner still pending", not inner.done())
            inner.cancel()

    async def for_wait_for():
        await asyncio.wait_for(until_cancelled(t, "timed"), 3600)

    for what in (sleeping, for_a_task, for_a_gather, for_a_wait, for_as_completed, for_a_shield,
                 for_wait_for):  # fmt: skip
        t(what.__name__)
        task = t.loop.create_task(what())
        t.spin(3)
        t("cancel", task.cancel("message"), task.cancelling(), task.cancelled())
        t.run(task)
        for left in asyncio.all_tasks(t.loop):
            left.cancel()
        t.spin(3)
        gc.collect()


@program
def what_is_waited_for_is_cancelled(t):
    async def waiter(future):
        await future

    future = t.loop.create_future()
    task = t.loop.create_task(waiter(future))
    t.spin()
    task.cancel("message")
    t(future.cancelled(), future._cancel_message, task.cancelled(), task._fut_waiter is future)
    t.run(task)
    t(task._fut_waiter)
    future = t.loop.create_future()
    task = t.loop.create_task(waiter(future))
    t.spin()
    future.cancel("from the future")
    t(task.cancelling())
    t.run(task)
    t(task.cancelled(), task.cancelling())


@program
def messages(t):
    for message in ("text", 42, None, ("a", "b"), ValueError("v")):
        task = t.loop.create_task(until_cancelled(t))
        t.spin()
        task.cancel(message)
        t.run(task)
        t.attempt("result", task.result)
        t.attempt("exception", task.exception)
    task = t.loop.create_task(until_cancelled(t))
    t.spin()
    t.attempt("by keyword", task.cancel, msg="keyword")
    t.run(task)
    t.refusal("two", task.cancel, 1, 2)


@program
def the_message_goes_through_two_awaiters(t):
    async def middle(inner):
        try:
            await inner
        except asyncio.CancelledError as exc:
            t("middle", exc)
            raise

    async def outer(task):
        try:
            await task
        except asyncio.CancelledError as exc:
            t("outer", exc)
            raise

    inner = t.loop.create_task(until_cancelled(t, "inner"))
    middle_task = t.loop.create_task(middle(inner))
    outer_task = t.loop.create_task(outer(middle_task))
    t.spin(2)
    outer_task.cancel("from outside")
    t.run(outer_task)
    for task in (inner, middle_task, outer_task):
        t(task.cancelled(), task._cancel_message)
        t.attempt("result", task.result)
        t.attempt("again", task.result)


@program
def two_awaiters_of_one_cancelled_task(t):
    async def awaiter(name, task):
        try:
            await task
        except asyncio.CancelledError as exc:
            t(name, exc)

    task = t.loop.create_task(until_cancelled(t))
    first = t.loop.create_task(awaiter("first", task))
    second = t.loop.create_task(awaiter("second", task))
    t.spin(2)
    task.cancel("message")
    t.run(first)
    t.run(second)


@program
def the_same_exception_comes_out_once(t):
    raised = []

    async def inner():
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError as exc:
            raised.append(exc)
            raise

    task = t.loop.create_task(inner())
    t.spin()
    task.cancel("m")
    t.spin(2)
    for _ in range(2):
        try:
            task.result()
        except asyncio.CancelledError as exc:
            t(exc is raised[0], exc)


@program
def suppressed(t):
    async def stubborn():
        for number in range(3):
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError as exc:
                t("ignoring", number, exc)
        return "went on"

    task = t.loop.create_task(stubborn())
    for number in range(3):
        t.spin(2)
        t(task.cancel(number), task.cancelling())
    t.run(task)
    t(task.cancelled(), task.cancelling())


@program
def suppressed_before_it_ever_waits(t):
    async def stubborn():
        t("started")
        task.cancel("self")
        t(task.cancelling(), task._must_cancel)
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError as exc:
            t("ignoring", exc)
        await asyncio.sleep(0)
        return "went on"

    task = t.loop.create_task(stubborn())
    t.run(task)


@program
def self_cancellation_and_return(t):
    """A coroutine that returns while a cancellation is due ends up cancelled."""

    async def main():
        asyncio.current_task().cancel("self")
        return "returned"

    task = t.loop.create_task(main())
    t.run(task)
    t(task.cancelled())

    async def fails():
        asyncio.current_task().cancel("self")
        raise ValueError("raised")

    t.run(fails())


@program
def self_cancellation_awaiting(t):
    async def main(what):
        asyncio.current_task().cancel("self")
        try:
            await what
            t("not yet")
            await asyncio.sleep(0)
        except asyncio.CancelledError as exc:
            t("cancelled", exc)
            raise

    done, pending = t.loop.create_future(), t.loop.create_future()
    done.set_result(1)
    t.run(main(done))
    t.run(main(pending))
    t(pending)
    t.run(main(asyncio.sleep(3600)))
    t.run(main(asyncio.sleep(0)))
    t.run(main(t.loop.create_task(until_cancelled(t))))


@program
def counting(t):
    async def main():
        task = asyncio.current_task()
        t(task.cancelling(), task.uncancel(), task.cancelling())
        try:
            task.cancel("one")
            task.cancel("two")
            t(task.cancelling())
            await asyncio.sleep(0)
        except asyncio.CancelledError as exc:
            t(exc, task.cancelling(), task.uncancel(), task.uncancel(), task.uncancel())
        task.cancel()
        t("uncancel", task.uncancel(), task._must_cancel)
        try:
            await asyncio.sleep(0)
            t("not cancelled")
        except asyncio.CancelledError as exc:
            t("cancelled nevertheless", exc)
        t(task.cancelling())

    t.run(main())


@program
def twice(t):
    for spins_between in (0, 1, 2):
        task = t.loop.create_task(until_cancelled(t, after=3))
        t.spin()
        t(task.cancel("first"))
        t.spin(spins_between)
        t(task.cancel("second"), task.cancelling())
        t.run(task)


@program
def when_done(t):
    async def main():
        return 1

    task = t.loop.create_task(main())
    t.spin()
    t(task.cancel(), task.cancelling(), task.cancelled(), task.result())


@program
def racing_completion(t):
    """Cancelled in the iteration in which what it waits for is done, before and after that."""

    async def waiter(future):
        try:
            return await future
        except asyncio.CancelledError as exc:
            t("cancelled", exc, future)
            raise

    for order in ("cancel first", "result first"):
        for outcome in ("result", "exception"):
            future = t.loop.create_future()
            task = t.loop.create_task(waiter(future))
            t.spin()
            t(order, outcome)
            if order == "cancel first":
                t(task.cancel("race"))
                t.refusal("too late", future.set_result, 1)
            else:
                if outcome == "result":
                    future.set_result("result")
                else:
                    future.set_exception(ValueError("exception"))
                t(task.cancel("race"), task._must_cancel)
            t.run(task)


@program
def racing_the_end(t):
    """Cancelled after the last step was scheduled, while the task has nothing to wait for."""

    async def short():
        await asyncio.sleep(0)
        return "result"

    task = t.loop.create_task(short())
    t.spin()
    t(task.cancel())
    t.run(task)

    async def victim():
        try:
            await other
        finally:
            t("victim ends")

    async def other_body():
        await hops(1)
        t("cancel from within", task.cancel("within"))
        return "other"

    other = t.loop.create_task(other_body())
    task = t.loop.create_task(victim())
    t.run(task)
    t(other)


@program
def racing_sleep(t):
    """The timer is due, but its task is cancelled first, in the same iteration."""
    import time

    async def sleeper():
        try:
            await asyncio.sleep(0.001)
            t("slept")
        except asyncio.CancelledError:
            t("cancelled")
            raise

    task = t.loop.create_task(sleeper())
    t.spin()
    time.sleep(0.01)
    t.loop.call_soon(task.cancel)
    t.spin(3)
    t(task)
    task = t.loop.create_task(sleeper())
    t.spin()
    time.sleep(0.01)
    t.loop.call_later(0, task.cancel)
    t.spin(4)
    t(task.done())


@program
def from_callbacks(t):
    task = t.loop.create_task(until_cancelled(t))
    t.loop.call_soon(lambda: t("callback", task.cancel("from a callback")))
    t.run(task)
    future = t.loop.create_future()
    future.add_done_callback(lambda f: t("cancel", task.cancel("from a future's callback")))
    task = t.loop.create_task(until_cancelled(t))
    t.spin()
    future.set_result(None)
    t.run(task)


@program
def raising_it_oneself(t):
    async def main():
        raise asyncio.CancelledError("by hand")

    task = t.loop.create_task(main())
    t.run(task)
    t(task.cancelled(), task.cancelling())

    class Mine(asyncio.CancelledError):
        pass

    async def mine():
        raise Mine("subclass")

    task = t.loop.create_task(mine())
    t.run(task)
    t(task.cancelled())
    t.attempt("result", task.result)


@program
def while_cleaning_up(t):
    async def stubborn():
        try:
            await asyncio.sleep(3600)
        finally:
            t("cleaning up")
            try:
                await asyncio.sleep(0.001)
                t("cleaned up")
            except asyncio.CancelledError as exc:
                t("interrupted", exc)
                raise ValueError("in the end") from exc

    task = t.loop.create_task(stubborn())
    t.spin()
    task.cancel("one")
    t.run(task)
    task = t.loop.create_task(stubborn())
    t.spin()
    task.cancel("one")
    t.spin()
    task.cancel("two")
    t.run(task)


@program
def nested_tasks_one_of_which_refuses(t):
    async def refusing():
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError as exc:
            t("refusing", exc)
            return "refused"

    async def outer():
        result = await asyncio.ensure_future(refusing())
        t("outer goes on with", result)
        await asyncio.sleep(0)
        return result

    task = t.loop.create_task(outer())
    t.spin(2)
    task.cancel("m")
    t.run(task)
    t(task.cancelling())


@program
def cancelled_and_never_looked_at(t):
    task = t.loop.create_task(until_cancelled(t))
    t.spin()
    task.cancel()
    t.spin(3)
    t(task.cancelled())
    del task
    gc.collect()
    t("nothing logged")


@program
def wait_for_and_timeout_interplay(t):
    async def main():
        try:
            async with asyncio.timeout(None) as scope:
                scope.reschedule(t.loop.time() - 1)
                await asyncio.sleep(3600)
        except TimeoutError as exc:
            t("timeout", exc, asyncio.current_task().cancelling())
        try:
            await asyncio.wait_for(until_cancelled(t), 0.001)
        except TimeoutError as exc:
            t("wait_for", exc)
        try:
            await asyncio.wait_for(until_cancelled(t, "after"), 0)
        except TimeoutError as exc:
            t("wait_for 0", exc)
        future = t.loop.create_future()
        future.set_result("done")
        t(await asyncio.wait_for(future, 0), await asyncio.wait_for(future, -1))
        try:
            await asyncio.wait_for(t.loop.create_future(), -1)
        except TimeoutError as exc:
            t("negative", exc)

    t.run(main())


@program
def shield(t):
    async def main():
        inner = asyncio.ensure_future(until_cancelled(t, "inner"))
        outer = asyncio.shield(inner)
        await hops(1)
        t(outer.cancel("outer"), inner.cancelled())
        await hops(2)
        t(inner, outer)
        inner.cancel("inner")
        await hops(2)
        inner = t.loop.create_future()
        outer = asyncio.shield(inner)
        inner.cancel("of the inner")
        try:
            await outer
        except asyncio.CancelledError as exc:
            t("outer", exc)
        inner = t.loop.create_future()
        outer = asyncio.shield(inner)
        outer.cancel()
        await hops(1)
        inner.set_exception(ValueError("lost"))
        await hops(2)
        t(inner.exception())

    t.run(main())
    gc.collect()


@program
def all_of_a_loop_s_tasks(t):
    async def main():
        tasks = [asyncio.ensure_future(until_cancelled(t, f"task {n}", n)) for n in range(4)]
        await hops(1)
        for task in tasks:
            task.cancel(task.get_name() and None)
        t(await asyncio.gather(*tasks, return_exceptions=True))

    t.run(main())


@program
def timeout_whose_state_is_set_by_hand(t):
    async def main():
        scope = asyncio.timeout(None)
        scope._state = type(scope._state).ENTERED
        scope._task = asyncio.current_task()
        scope.reschedule(t.loop.time() + 0.001)
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            t(scope, scope.expired(), asyncio.current_task().uncancel())

    t.run(main())
