"""Tornado's ways to wait, old and new: tornado_program.py

Its coroutines of the time before `async def` run without a task, and ask of what they wait for
whether it is an asyncio.Future.
"""

import asyncio
import subprocess
import sys

import started
from tornado import gen, ioloop, iostream, locks, process, queues, tcpclient, tcpserver


async def doubled(number):
    await asyncio.sleep(0)
    return 2 * number


async def waiting_in_old_coroutines():
    @gen.coroutine
    def old():
        loop = asyncio.get_running_loop()
        results = [(yield asyncio.gather(doubled(1), doubled(2)))]
        results.append((yield [doubled(3), asyncio.ensure_future(doubled(4))]))
        results.append((yield {"key": doubled(5)}))
        results.append((yield asyncio.shield(doubled(6))))
        results.append((yield asyncio.wait_for(doubled(7), 5)))
        results.append((yield loop.run_in_executor(None, abs, -8)))
        results.append((yield asyncio.wait([asyncio.ensure_future(doubled(9))])))
        results.append((yield asyncio.gather()))
        yield gen.moment
        yield gen.sleep(0.01)
        raise gen.Return(results)

    *results, (done, pending), empty = await old()
    assert results == [[2, 4], [6, 8], {"key": 10}, 12, 14, 8], results
    assert [task.result() for task in done] == [18] and not pending and empty == []


async def callbacks_and_timers():
    io_loop = ioloop.IOLoop.current()
    heard = asyncio.Queue()
    io_loop.add_callback(heard.put_nowait, "callback")
    io_loop.spawn_callback(heard.put_nowait, "spawned")
    io_loop.call_later(0.01, heard.put_nowait, "later")
    io_loop.add_future(asyncio.gather(doubled(1)), lambda done: heard.put_nowait(done.result()))
    cancelled = io_loop.call_later(0.01, heard.put_nowait, "never")
    io_loop.remove_timeout(cancelled)
    assert [await heard.get() for _ in range(2)] == ["callback", "spawned"]
    assert sorted(map(str, [await heard.get() for _ in range(2)])) == ["[2]", "later"]
    periodic = ioloop.PeriodicCallback(lambda: heard.put_nowait("period"), 5)
    periodic.start()
    assert [await heard.get() for _ in range(3)] == ["period"] * 3
    periodic.stop()
    try:
        await gen.with_timeout(io_loop.time() + 0.01, asyncio.Future())
    except gen.TimeoutError:
        return
    raise AssertionError("no timeout")


async def locks_and_queues():
    order = []
    condition, semaphore = locks.Condition(), locks.Semaphore(2)

    async def work(name):
        async with semaphore:
            order.append(name)
            await gen.sleep(0.001)

    await gen.multi([work(name) for name in "abcd"])
    assert order == list("abcd")
    waiter = condition.wait()
    condition.notify()
    assert await waiter
    queue = queues.Queue(maxsize=1)
    producing = asyncio.ensure_future(gen.multi([queue.put(number) for number in range(5)]))
    assert [await queue.get() for _ in range(5)] == list(range(5))
    await producing
    for _ in range(5):
        queue.task_done()
    await queue.join()


async def streams():
    class Echo(tcpserver.TCPServer):
        async def handle_stream(self, stream, address):
            try:
                while True:
                    await stream.write(await stream.read_until(b"\n"))
            except iostream.StreamClosedError:
                pass

    server = Echo()
    server.listen(0, "127.0.0.1")
    (listening,) = server._sockets.values()
    stream = await tcpclient.TCPClient().connect(*listening.getsockname())
    for line in (b"one\n", b"x" * 100_000 + b"\n"):
        await stream.write(line)
        assert await stream.read_until(b"\n") == line
    stream.close()
    server.stop()
    await gen.sleep(0.01)


async def subprocesses():
    child = process.Subprocess(
        [sys.executable, "-c", "print('from below')"], stdout=process.Subprocess.STREAM
    )
    assert await child.stdout.read_until_close() == b"from below\n"
    assert await child.wait_for_exit() == 0
    try:
        await process.Subprocess(["false"]).wait_for_exit()
    except subprocess.CalledProcessError as error:
        assert error.returncode == 1
    else:
        raise AssertionError("false is true")
    process.Subprocess.uninitialize()


started.run_all(
    waiting_in_old_coroutines, callbacks_and_timers, locks_and_queues, streams, subprocesses
)
