"""In which order tasks start, step and wake up."""

import asyncio

from registry import program
from transcript import hops


@program
def tasks_start_in_the_order_made(t):
    async def child(number):
        t("start", number)

    async def main():
        tasks = [asyncio.ensure_future(child(number)) for number in range(10)]
        t.loop.call_soon(t, "soon")
        t("none started")
        await asyncio.gather(*tasks)

    t.run(main())


@program
def tasks_and_callbacks_share_one_queue(t):
    async def child(number):
        t("start", number)
        await asyncio.sleep(0)
        t("step", number)

    t.loop.call_soon(t, "soon 1")
    one = t.loop.create_task(child(1))
    t.loop.call_soon(t, "soon 2")
    two = t.loop.create_task(child(2))
    t.loop.call_soon(t, "soon 3")
    for iteration in range(3):
        t("iteration", iteration)
        t.spin()
    t(one.done(), two.done())


@program
def many_waiters_of_one_future(t):
    async def waiter(number):
        t(number, await future)

    async def main():
        tasks = [asyncio.ensure_future(waiter(number)) for number in range(8)]
        await asyncio.sleep(0)
        future.add_done_callback(t.log("callback between"))
        tasks += [asyncio.ensure_future(waiter(number)) for number in range(8, 12)]
        await asyncio.sleep(0)
        t.loop.call_soon(t, "soon before")
        future.set_result("result")
        t.loop.call_soon(t, "soon after")
        await asyncio.gather(*tasks)

    future = t.loop.create_future()
    t.run(main())


@program
def futures_done_in_another_order(t):
    async def waiter(number):
        t(number, await futures[number])

    async def main():
        tasks = [asyncio.ensure_future(waiter(number)) for number in range(6)]
        await asyncio.sleep(0)
        for number in (3, 1, 5, 0, 4, 2):
            futures[number].set_result(number * number)
        await asyncio.gather(*tasks)

    futures = [t.loop.create_future() for _ in range(6)]
    t.run(main())


@program
def chains_of_tasks(t):
    """Each awaits the next: the end's result takes one iteration a link to come back."""

    async def link(depth):
        if depth:
            result = await asyncio.ensure_future(link(depth - 1))
        else:
            result = await future
        t("link", depth, result)
        return result + 1

    task = t.loop.create_task(link(5))
    future = t.loop.create_future()
    t.spin(8)
    future.set_result(0)
    for iteration in range(8):
        t("iteration", iteration)
        t.spin()
    t(task)


@program
def chains_of_coroutines(t):
    """No iteration lies between a coroutine and the one that awaits it."""

    async def link(depth):
        result = await (link(depth - 1) if depth else future)
        t("link", depth, result)
        return result + 1

    future = t.loop.create_future()
    task = t.loop.create_task(link(5))
    t.spin()
    future.set_result(0)
    t.spin()
    t(task.result())


@program
def sleep_zero_takes_turns(t):
    async def child(name, times):
        for time in range(times):
            t(name, time)
            await asyncio.sleep(0)

    async def main():
        await asyncio.gather(child("a", 4), child("b", 2), child("c", 3))
        t("gathered")

    t.run(main())


@program
def done_futures_do_not_yield(t):
    """Awaiting what is done goes on at once; nobody else gets a turn."""

    async def main():
        future = t.loop.create_future()
        future.set_result(1)
        t.loop.call_soon(t, "soon")
        for _ in range(3):
            await future
        t("still before")
        await asyncio.sleep(0)

    t.run(main())


@program
def a_task_waits_for_a_task_that_is_done(t):
    async def child():
        return "child"

    async def main():
        task = asyncio.ensure_future(child())
        await hops(2)
        t.loop.call_soon(t, "soon")
        t(await task, await task)

    t.run(main())


@program
def result_set_by_a_task_that_goes_on(t):
    """Setting a result schedules the waiter; the setter goes on first."""

    async def setter(future):
        future.set_result("r")
        t("set, going on")
        await asyncio.sleep(0)
        t("setter again")

    async def waiter(future):
        t("got", await future)

    async def main():
        future = t.loop.create_future()
        await asyncio.gather(waiter(future), setter(future))

    t.run(main())


@program
def producers_and_consumers(t):
    async def producer(queue, name):
        for number in range(3):
            await queue.put((name, number))
            t("put", name, number)

    async def consumer(queue, name):
        while True:
            t(name, "got", await queue.get())
            queue.task_done()

    async def main():
        queue = asyncio.Queue(maxsize=1)
        consumers = [asyncio.ensure_future(consumer(queue, f"consumer {n}")) for n in range(2)]
        await asyncio.gather(*(producer(queue, name) for name in "ab"))
        await queue.join()
        for task in consumers:
            task.cancel()
        t(await asyncio.gather(*consumers, return_exceptions=True))

    t.run(main())


@program
def locks_events_conditions_and_semaphores(t):
    """asyncio's own primitives over our futures hand over in the order of asking."""

    async def with_lock(lock, name):
        async with lock:
            t("lock", name)
            await asyncio.sleep(0)
            t("unlock", name)

    async def with_event(event, name):
        await event.wait()
        t("event", name)

    async def with_condition(condition, name):
        async with condition:
            await condition.wait()
            t("condition", name)

    async def main():
        lock, semaphore = asyncio.Lock(), asyncio.Semaphore(2)
        event, condition = asyncio.Event(), asyncio.Condition()
        await asyncio.gather(*(with_lock(lock, name) for name in "abc"))
        await asyncio.gather(*(with_lock(semaphore, name) for name in "abcde"))
        waiting = [asyncio.ensure_future(with_event(event, name)) for name in "abc"]
        waiting += [asyncio.ensure_future(with_condition(condition, name)) for name in "def"]
        await hops(2)
        event.set()
        async with condition:
            condition.notify(2)
        await hops(4)
        async with condition:
            condition.notify_all()
        await asyncio.gather(*waiting)

    t.run(main())


@program
def task_groups(t):
    async def child(name, count, fails=False):
        try:
            for number in range(count):
                t(name, number)
                await asyncio.sleep(0)
            if fails:
                raise ValueError(name)
        except asyncio.CancelledError as exc:
            t(name, "cancelled", exc)
            raise
        return name

    async def main():
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(child(name, 2)) for name in "ab"]
            t(await group.create_task(child("c", 1)))
        t([task.result() for task in tasks])
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(child("d", 2, fails=True))
                group.create_task(child("e", 5))
                await asyncio.sleep(3600)
        except BaseExceptionGroup as exc:
            t(exc, exc.exceptions)

    t.run(main())


@program
def timeouts(t):
    async def main():
        try:
            async with asyncio.timeout(0.01):
                await asyncio.sleep(3600)
        except TimeoutError as exc:
            t("timeout", exc)
        async with asyncio.timeout(3600) as scope:
            await asyncio.sleep(0)
        t(scope.expired())
        try:
            async with asyncio.timeout(0):
                await t.loop.create_future()
        except TimeoutError as exc:
            t("at once", exc)
        t(asyncio.current_task().cancelling())

    t.run(main())


@program
def yields_that_are_refused(t):
    """What a task may not be given is thrown into the coroutine, at its next step."""

    class Yields:
        def __init__(self, value):
            self.value = value

        def __await__(self):
            try:
                yield self.value
            except RuntimeError as exc:
                t("thrown in", exc)
            return "went on"

    async def main():
        def generator():
            yield

        future = t.loop.create_future()
        other = t.new_loop().create_future()
        other._asyncio_future_blocking = True
        for value in (5, "text", object, generator(), future, other, asyncio.current_task()):
            t(await Yields(value))
        t(await Yields(None))

    t.run(main())


@program
def a_task_that_awaits_itself(t):
    async def main():
        try:
            await asyncio.current_task()
        except RuntimeError as exc:
            t("refused", exc)

    t.run(main())


@program
def awaitables_made_by_hand(t):
    """Whatever speaks the future's protocol may be awaited, if it says whose loop it is on."""

    class Duck:
        _asyncio_future_blocking = None

        def __init__(self):
            self.future = t.loop.create_future()
            self._asyncio_future_blocking = False

        def get_loop(self):
            t("asked for its loop")
            return self.future.get_loop()

        def add_done_callback(self, callback, *, context=None):
            t("given a callback", context is not None)
            self.future.add_done_callback(callback, context=context)

        def result(self):
            t("asked for its result")
            return self.future.result()

        def done(self):
            return self.future.done()

        def cancel(self, msg=None):
            t("cancelled", msg)
            return self.future.cancel(msg)

        def __await__(self):
            self._asyncio_future_blocking = True
            yield self
            return self.result()

    async def main(duck):
        return await duck

    duck = Duck()
    task = t.loop.create_task(main(duck))
    t.spin()
    duck.future.set_result("quack")
    t.run(task)
    task = t.loop.create_task(main(Duck()))
    t.spin()
    task.cancel("enough")
    t.run(task)


@program
def coroutines_that_are_not_async_def(t):
    import types

    @types.coroutine
    def generator_based():
        value = yield from t.loop.create_task(native())
        yield
        return value

    async def native():
        return "from native"

    class Coroutine:
        """collections.abc.Coroutine by hand."""

        def __init__(self):
            self.steps = 0

        def send(self, value):
            self.steps += 1
            if self.steps == 3:
                raise StopIteration(f"after {self.steps} steps")

        def throw(self, *args):
            raise args[0]

        def close(self):
            t("closed")

        def __await__(self):
            return self

    from collections.abc import Coroutine as Abstract

    Abstract.register(Coroutine)
    t.run(generator_based())
    t.attempt("iscoroutine", asyncio.iscoroutine, Coroutine())
    t.run(Coroutine())
    task = t.loop.create_task(Coroutine())
    t.spin()
    task.cancel("by hand")
    t.run(task)
