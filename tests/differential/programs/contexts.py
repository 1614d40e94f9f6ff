"""Context variables in tasks, and what a task lets others see of its context."""

import asyncio
import contextvars
import socket

from registry import program
from transcript import hops

var = contextvars.ContextVar("var", default="unset")


async def setter(t, name, value):
    t(name, "starts with", var.get())
    var.set(value)
    await asyncio.sleep(0)
    t(name, "still has", var.get())
    return var.get()


@program
def tasks_copy_the_context_they_are_made_in(t):
    async def main():
        var.set("main")
        one = asyncio.ensure_future(setter(t, "one", 1))
        var.set("main changed")
        two = asyncio.ensure_future(setter(t, "two", 2))
        t(await one, await two, var.get())

    t.run(main())
    t("outside", var.get())


@program
def coroutines_share_the_context_of_their_task(t):
    async def main():
        await setter(t, "coroutine", "set inside")
        t(var.get())

    t.run(main())


@program
def context_given(t):
    async def main():
        context = contextvars.copy_context()
        context.run(var.set, "given")
        task = t.loop.create_task(setter(t, "task", "set by the task"), context=context)
        t(await task, context[var], var.get())
        task = asyncio.create_task(setter(t, "task", "again"), context=context)
        t(await task, context[var], var.get())
        async with asyncio.TaskGroup() as group:
            group.create_task(setter(t, "grouped", "by a group"), context=context)
        t(context[var])

    t.run(main())


@program(since=(3, 12))
def get_context(t):
    context = contextvars.copy_context()
    task = t.loop.create_task(setter(t, "task", 1), context=context)
    t(task.get_context() is context)
    t.run(task)
    t(task.get_context() is context)
    task = t.loop.create_task(setter(t, "task", 2))
    t(type(task.get_context()).__name__)
    t.run(task)
    t(task.get_context()[var])


@program(since=(3, 15))
def not_a_context(t):
    for context in (42, "text", {}):
        coro = hops(1)
        t.refusal("task", t.loop.create_task, coro, context=context)
        coro.close()


@program
def one_context_for_two_tasks_that_overlap(t):
    context = contextvars.copy_context()

    async def main():
        await asyncio.gather(
            t.loop.create_task(setter(t, "one", 1), context=context),
            t.loop.create_task(setter(t, "two", 2), context=context),
        )

    t.run(main())
    t(context[var])


@program
def callbacks_of_futures_and_tasks(t):
    async def main():
        var.set("main")
        task = asyncio.ensure_future(setter(t, "task", "task's own"))
        task.add_done_callback(lambda f: t("callback sees", var.get()))
        mine = contextvars.copy_context()
        mine.run(var.set, "mine")
        task.add_done_callback(lambda f: t("callback with a context sees", var.get()), context=mine)
        var.set("main later")
        await task
        await hops(1)
        t.loop.call_soon(lambda: (t("callback sees", var.get()), var.set("lost")))
        await hops(1)
        t(var.get())

    t.run(main())


@program
def waking_up_in_the_task_s_own_context(t):
    """Whoever completes the future, in whichever context: the waiter is in its own."""

    async def waiter(future):
        var.set("waiter")
        await future
        t("waiter has", var.get())

    async def completer(future):
        var.set("completer")
        future.set_result(None)
        t("completer has", var.get())

    future = t.loop.create_future()
    waiting = t.loop.create_task(waiter(future))
    t.spin()
    t.run(completer(future))
    t.run(waiting)
    t("outside", var.get())


@program
def tokens_reset_in_the_same_task_only(t):
    async def main():
        token = var.set("main")
        await hops(1)
        var.reset(token)
        t(var.get())
        token = var.set("again")

        async def child():
            try:
                var.reset(token)
            except ValueError as exc:
                t(type(exc).__name__)

        await asyncio.ensure_future(child())

    t.run(main())


@program
def gather_wait_and_as_completed(t):
    async def main():
        var.set("main")
        t(await asyncio.gather(setter(t, "a", 1), setter(t, "b", 2)))
        done, _ = await asyncio.wait([asyncio.ensure_future(setter(t, "c", 3))])
        t([task.result() for task in done])
        for next_one in asyncio.as_completed([setter(t, "d", 4)]):
            t(await next_one)
        t(await asyncio.wait_for(setter(t, "e", 5), 60))
        t(var.get())

    t.run(main())


@program
def executors_and_threads(t):
    async def main():
        var.set("main")
        t("executor", await t.loop.run_in_executor(None, var.get))
        t("to_thread", await asyncio.to_thread(var.get))
        await asyncio.to_thread(var.set, "in the thread")
        t(var.get())

    t.run(main())


@program
def cancellation_and_cleanup(t):
    async def cleaning():
        var.set("task")
        try:
            await asyncio.sleep(3600)
        finally:
            t("cleaning up in", var.get())
            await hops(1)
            t("and still", var.get())

    task = t.loop.create_task(cleaning())
    t.spin()
    var.set("outside")
    task.cancel()
    t.run(task)


@program
def timers_and_readers(t):
    import os

    reading, writing = os.pipe()
    var.set("when added")
    t.loop.add_reader(reading, lambda: (t("reader sees", var.get()), os.read(reading, 1)))
    t.loop.call_later(0, lambda: t("timer sees", var.get()))
    var.set("later")
    os.write(writing, b"x")
    t.spin(3)
    t.loop.remove_reader(reading)
    os.close(reading)
    os.close(writing)


class Recording(asyncio.Protocol):
    """Says in which context each of its methods is called."""

    def __init__(self, t):
        self.t = t

    def connection_made(self, transport):
        self.t("made in", var.get())

    def data_received(self, data):
        self.t(data, "in", var.get())

    def connection_lost(self, exc):
        self.t("lost in", var.get())


def with_value(value):
    context = contextvars.copy_context()
    context.run(var.set, value)
    return context


@program(since=(3, 15))
def the_context_of_a_transport_may_be_replaced(t):
    ours, theirs = socket.socketpair()
    ours.setblocking(False)

    async def main():
        transport, _ = await t.loop.connect_accepted_socket(lambda: Recording(t), ours)
        t(transport._context, transport._buffer_size)
        transport._context = with_value("another")
        t(transport._context[var])
        transport._call_soon(lambda *args: t(*args, "in", var.get()), "called")
        transport.pause_reading()
        transport.resume_reading()
        theirs.send(b"data")
        await hops(3)
        writer = transport._add_writer(theirs.fileno(), lambda: t("writer in", var.get()))
        t(writer)
        await hops(3)
        t.loop._remove_writer(theirs.fileno())
        transport._context = None
        var.set("closing")
        transport.close()
        await hops(3)

    t.run(main())
    theirs.close()


@program(since=(3, 15))
def the_context_of_a_datagram_transport(t):
    async def main():
        transport, _ = await t.loop.create_datagram_endpoint(
            lambda: Recording(t), local_addr=("127.0.0.1", 0)
        )
        t(transport._context, transport._buffer_size)
        transport._context = with_value("another")
        transport.close()
        await hops(3)

    t.run(main())
