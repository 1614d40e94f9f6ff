"""Names of tasks, task factories, and which task is the current one."""

import asyncio

from registry import program
from transcript import hops


@program
def names(t):
    async def main():
        return asyncio.current_task().get_name()

    for name in ("mine", "", 42, None, ("tuple",)):
        task = t.loop.create_task(main(), name=name)
        t(name, task.get_name() if name is not None else "a number")
        t.run(task)
    task = t.loop.create_task(main())
    t("set", task.set_name("changed"), task.get_name())
    task.set_name(7)
    t(task.get_name(), task)
    t.run(task)
    t.refusal("set nothing", task.set_name)


@program
def numbers(t):
    """The names that tasks are given count up, from one task to the next."""
    tasks = [t.loop.create_task(hops(1)) for _ in range(3)]
    numbers = [int(task.get_name().removeprefix("Task-")) for task in tasks]
    t([number - numbers[0] for number in numbers])
    tasks = [t.loop.create_task(hops(1)) for _ in range(3)]
    for task in reversed(tasks):
        # Since Python 3.12 a name is made when it is asked for; the number is taken before.
        int(task.get_name().removeprefix("Task-"))
    t(sorted(tasks, key=lambda task: int(task.get_name()[5:])) == tasks)
    t.spin(3)


@program
def names_of_asyncio_s_own_calls(t):
    async def main():
        t(asyncio.create_task(hops(0), name="created").get_name())
        async with asyncio.TaskGroup() as group:
            t(group.create_task(hops(0), name="grouped").get_name())

    t.run(main())


@program
def getters(t):
    async def main():
        pass

    coro = main()
    task = t.loop.create_task(coro)
    t(task.get_coro() is coro, task.get_loop() is t.loop, task._coro is coro, task._loop is t.loop)
    t(task._must_cancel, task._fut_waiter, task._log_destroy_pending)
    t.run(task)
    t(task.get_coro(), task._coro)
    t.refusal("set_result", task.set_result, 1)
    t.refusal("set_exception", task.set_exception, ValueError())
    t.attempt("set_result", task.set_result, 1)
    t.attempt("set_exception", task.set_exception, ValueError())


@program
def stacks(t):
    import io

    async def inner(future):
        await future

    async def outer(future):
        await inner(future)

    async def fails():
        raise ValueError("v")

    future = t.loop.create_future()
    task = t.loop.create_task(outer(future))
    t([frame.f_code.co_name for frame in task.get_stack()])
    t.spin()
    t([frame.f_code.co_name for frame in task.get_stack()])
    t([frame.f_code.co_name for frame in task.get_stack(limit=1)])
    out = io.StringIO()
    task.print_stack(file=out)
    t(*out.getvalue().splitlines()[:1])
    future.set_result(1)
    t.run(task)
    t(task.get_stack())
    task = t.loop.create_task(fails())
    t.run(task)
    t([frame.f_code.co_name for frame in task.get_stack()])
    out = io.StringIO()
    task.print_stack(file=out)
    t(*out.getvalue().splitlines()[:1])


@program
def factories(t):
    def factory(loop, coro, **kwargs):
        t("factory", loop is t.loop, coro.__name__, sorted(kwargs))
        return asyncio.Task(coro, loop=loop, **kwargs)

    t("at first", t.loop.get_task_factory())
    t.loop.set_task_factory(factory)
    t(t.loop.get_task_factory() is factory)
    t.run(hops(1))
    t.run(t.loop.create_task(hops(1), name="named"))

    async def main():
        await asyncio.gather(hops(0), asyncio.create_task(hops(1)))
        async with asyncio.TaskGroup() as group:
            group.create_task(hops(0))
        await asyncio.ensure_future(hops(0))

    t.run(main())
    t.loop.set_task_factory(None)
    t("in the end", t.loop.get_task_factory())
    for thing in (42, "text"):
        t.attempt("set to", t.loop.set_task_factory, thing)


@program
def factories_that_take_less(t):
    import contextvars

    def plain(loop, coro):
        return asyncio.Task(coro, loop=loop)

    t.loop.set_task_factory(plain)
    t.run(hops(0))
    for kwargs in ({"name": "n"}, {"context": contextvars.copy_context()}):
        coro = hops(0)
        try:
            task = t.loop.create_task(coro, **kwargs)
            t(task.get_name() == "n")
            t.run(task)
        except TypeError:
            t("refused", list(kwargs))
            coro.close()


@program
def factories_that_give_something_else(t):
    def futures(loop, coro, **kwargs):
        coro.close()
        future = loop.create_future()
        loop.call_soon(future.set_result, "a future's result")
        return future

    t.loop.set_task_factory(futures)
    t.run(hops(0))

    async def main():
        return await asyncio.gather(hops(0), hops(0))

    t.loop.set_task_factory(None)
    task = t.loop.create_task(main())
    t.loop.set_task_factory(futures)
    t.run(task)

    def fails(loop, coro, **kwargs):
        coro.close()
        raise ValueError("from the factory")

    t.loop.set_task_factory(fails)
    t.run(hops(0))
    t.loop.set_task_factory(None)


class Mine(asyncio.Task):
    """A task class of the program's own."""

    def __init__(self, coro, **kwargs):
        super().__init__(coro, **kwargs)
        self.mine = "attribute"

    def cancel(self, msg=None):
        self.mine = "cancelled"
        return super().cancel(msg)


@program
def subclasses_of_task(t):
    async def main():
        t("current", asyncio.current_task().mine)
        await asyncio.sleep(0)
        return "result"

    task = Mine(main(), loop=t.loop, name="by hand")
    t(task)
    t.run(task)
    t.loop.set_task_factory(lambda loop, coro, **kwargs: Mine(coro, loop=loop, **kwargs))
    t.run(main())
    task = t.loop.create_task(asyncio.sleep(3600))
    t.spin()
    task.cancel()
    t.run(task)
    t(task.mine)
    t.loop.set_task_factory(None)


@program
def tasks_made_by_hand(t):
    async def main():
        return await asyncio.Task(asyncio.sleep(0, "inner"))

    t.run(asyncio.Task(main(), loop=t.loop))
    t.refusal("nothing", asyncio.Task)
    coro = hops(0)
    t.refusal("loop by position", asyncio.Task, coro, t.loop)
    t.refusal("unknown", asyncio.Task, coro, loop=t.loop, colour=1)
    t.refusal("without a loop", asyncio.Task, coro)
    coro.close()
    for thing in (42, None, hops):
        t.attempt("not a coroutine", asyncio.Task, thing, loop=t.loop)


@program
def current_task(t):
    async def child(name):
        t(name, asyncio.current_task().get_name())
        await asyncio.sleep(0)
        t(name, asyncio.current_task().get_name(), asyncio.current_task(t.loop).get_name())

    def callback(*args):
        t("callback", asyncio.current_task())

    async def main():
        me = asyncio.current_task()
        children = [asyncio.create_task(child(name), name=name) for name in "ab"]
        t.loop.call_soon(callback)
        await children[0]
        t(asyncio.current_task() is me, asyncio.current_task(t.loop) is me)
        children[1].add_done_callback(callback)
        await hops(3)

    t.attempt("outside", asyncio.current_task)
    t("outside", asyncio.current_task(t.loop))
    t.run(t.loop.create_task(main(), name="main"))
    t("outside", asyncio.current_task(t.loop))
    t("another loop", asyncio.current_task(t.new_loop()))


@program
def current_task_after_an_exception(t):
    async def fails(exc):
        raise exc

    for exc in (ValueError("v"), KeyboardInterrupt("k")):
        task = t.loop.create_task(fails(exc))
        t.loop.call_soon(lambda: t("callback", asyncio.current_task()))
        t.attempt("spin", t.spin)
        t(asyncio.current_task(t.loop))
        t.spin()
        del task


@program
def all_tasks(t):
    def shown(loop=None):
        return sorted(task.get_name() for task in asyncio.all_tasks(loop))

    async def main():
        t(shown())
        one = asyncio.create_task(hops(2), name="one")
        two = asyncio.create_task(hops(4), name="two")
        t(shown(), shown(t.loop))
        await one
        t(shown(), asyncio.current_task() in asyncio.all_tasks())
        await two
        t(shown(), type(asyncio.all_tasks()).__name__)

    t.attempt("outside", asyncio.all_tasks)
    t("outside", shown(t.loop))
    waiting = t.loop.create_task(hops(0), name="not started")
    t("outside", shown(t.loop))
    t.run(waiting)
    t.run(t.loop.create_task(main(), name="main"))
    t("outside", shown(t.loop))
    t("another loop", shown(t.new_loop()))


@program
def all_tasks_forgets(t):
    import gc

    async def waits():
        await t.loop.create_future()

    task = t.loop.create_task(waits(), name="forgotten")
    task._log_destroy_pending = False
    t.spin()
    t(len(asyncio.all_tasks(t.loop)))
    del task
    gc.collect()
    t(len(asyncio.all_tasks(t.loop)))


@program
def of_several_loops(t):
    one, two = t.new_loop(), t.new_loop()
    first = one.create_task(hops(1), name="first")
    second = two.create_task(hops(1), name="second")
    t([task.get_name() for task in asyncio.all_tasks(one)])
    t([task.get_name() for task in asyncio.all_tasks(two)])
    one.run_until_complete(first)
    two.run_until_complete(second)
    t(asyncio.all_tasks(one), asyncio.all_tasks(two))
