"""A user's program that uses all of the package, for type checkers. It is never run."""

import asyncio
import contextvars
import socket
from collections.abc import Awaitable, Coroutine
from concurrent.futures import Future as ConcurrentFuture
from typing import assert_type

import phaseloop


async def number(value: int) -> int:
    await phaseloop.sleep(0.001)
    return value


async def combinators() -> None:
    assert_type(await phaseloop.sleep(0, "result"), str)
    assert_type(await phaseloop.gather(number(1), number(2)), tuple[int, int])
    assert_type(await phaseloop.wait_for(number(1), timeout=1), int)
    assert_type(await phaseloop.shield(number(1)), int)
    task = phaseloop.create_task(number(1), name="one")
    assert_type(task, asyncio.Task[int])
    done, pending = await phaseloop.wait([task], timeout=1)
    assert_type(done, set[asyncio.Task[int]])
    assert_type(pending, set[asyncio.Task[int]])
    for each in phaseloop.as_completed([number(1)]):
        assert_type(await each, int)
    assert_type(phaseloop.ensure_future(number(1)), asyncio.Task[int])
    async with phaseloop.timeout(1) as limit, phaseloop.timeout_at(None):
        assert_type(limit, phaseloop.Timeout)
        assert_type(limit.expired(), bool)
    async with phaseloop.TaskGroup() as group:
        assert_type(group.create_task(number(1)), asyncio.Task[int])
    loop = asyncio.get_running_loop()
    posted = phaseloop.run_coroutine_threadsafe(number(1), loop)
    assert_type(posted, ConcurrentFuture[int])
    assert_type(phaseloop.wrap_future(posted), asyncio.Future[int])
    loop.set_task_factory(phaseloop.eager_task_factory)


async def primitives() -> None:
    lock, event = phaseloop.Lock(), phaseloop.Event()
    async with lock, phaseloop.Semaphore(2), phaseloop.BoundedSemaphore(2):
        assert_type(lock.locked(), bool)
    async with phaseloop.Condition() as nothing:
        assert_type(nothing, None)
    event.set()
    assert_type(await phaseloop.Barrier(1).wait(), int)
    queues = phaseloop.Queue[int](), phaseloop.LifoQueue[int](), phaseloop.PriorityQueue[int]()
    for queue in queues:
        await queue.put(1)
        assert_type(await queue.get(), int)


async def streams() -> None:
    async def serve(reader: phaseloop.StreamReader, writer: phaseloop.StreamWriter) -> None:
        assert_type(await reader.readline(), bytes)
        writer.write(b"x")
        await writer.drain()

    server = await phaseloop.start_server(serve, "localhost", 0)
    assert_type(server, asyncio.Server)
    assert_type(await phaseloop.start_unix_server(serve, "path"), asyncio.Server)
    reader, writer = await phaseloop.open_connection("localhost", 80)
    assert_type(reader, asyncio.StreamReader)
    assert_type(writer, asyncio.StreamWriter)
    await phaseloop.open_unix_connection("path")
    child = await phaseloop.create_subprocess_exec("true")
    assert_type(await child.wait(), int)
    await phaseloop.create_subprocess_shell("true")


def loops() -> None:
    loop = phaseloop.new_event_loop()
    assert_type(loop, phaseloop.Loop)
    assert_type(loop.time(), float)
    assert_type(phaseloop.Loop(virtual_time=True).run_until_complete(number(1)), int)
    handle: asyncio.Handle = loop.call_soon(print, 1, context=contextvars.copy_context())
    timer: asyncio.TimerHandle = loop.call_later(1, print)
    handle.cancel()
    timer.cancel()
    loop.add_reader(socket.socket(), print)
    future = phaseloop.Future[int](loop=loop)
    future.set_result(1)
    assert_type(future.result(), int)
    task = phaseloop.Task(number(1), loop=loop)
    assert_type(task.result(), int)
    loop.close()


def starting(main: Coroutine[object, object, str], other: Awaitable[int]) -> None:
    assert_type(phaseloop.run(main), str)
    assert_type(phaseloop.run(number(1), debug=True, loop_factory=phaseloop.new_event_loop), int)
    with asyncio.Runner(loop_factory=phaseloop.new_event_loop) as runner:
        assert_type(runner.run(number(1)), int)
    assert_type(phaseloop.EventLoopPolicy().new_event_loop(), phaseloop.Loop)
    phaseloop.install()
    phaseloop.uninstall()
    assert_type(phaseloop.__version__, str)
