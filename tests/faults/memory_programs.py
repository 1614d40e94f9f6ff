"""Small programs that between them use all of asyncio: each runs on a loop that it is given.

PROGRAMS maps names to functions of one argument, the loop; memory_network_programs.py adds those
about descriptors. `prepared` has what programs need but are not about. A program ends by itself,
whatever fails in it, as long as somebody is told of the failure: the caller, or the exception
handler and its like, which stop the loop.
"""

import asyncio
import contextlib
import os
import signal
import socket
import ssl
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

PROGRAMS = {}
HOST = "127.0.0.1"
CERTIFICATE = Path(__file__).parent.parent / "data" / "localhost.pem"


class Prepared:
    """Made before memory fails."""

    def __init__(self):
        self.executor = None
        self.server_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.server_tls.load_cert_chain(CERTIFICATE)
        self.client_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.client_tls.check_hostname = False
        self.client_tls.verify_mode = ssl.CERT_NONE
        self.folder = tempfile.mkdtemp()
        if sys.version_info < (3, 12):  # later releases need no thread for a child by themselves
            asyncio.set_child_watcher(asyncio.PidfdChildWatcher())

    def start_thread(self):
        """An executor whose thread runs already; threads do not outlive a fork."""
        self.executor = ThreadPoolExecutor(1)
        self.executor.submit(int).result()


prepared = None


def program(function):
    """Registers a plain function of the loop."""
    PROGRAMS[function.__name__] = function
    return function


def coroutine_program(function):
    """Registers a coroutine function of the loop."""
    PROGRAMS[function.__name__] = lambda loop: loop.run_until_complete(function(loop))
    return function


async def after(hops, result=None):
    for _ in range(hops):
        await asyncio.sleep(0)
    return result


# --- tasks and combinators ------------------------------------------------------------------------


@coroutine_program
async def spawn(loop):
    tasks = [loop.create_task(after(i)) for i in range(2)]
    tasks.append(asyncio.create_task(after(1), name="named"))
    for task in tasks:
        await task


@coroutine_program
async def failing_tasks(loop):
    async def fails():
        await asyncio.sleep(0)
        raise LookupError

    task = loop.create_task(fails())
    with contextlib.suppress(LookupError):
        await task
    waits = loop.create_task(asyncio.sleep(9))
    await asyncio.sleep(0)
    waits.cancel("enough")
    with contextlib.suppress(asyncio.CancelledError):
        await waits


@coroutine_program
async def futures(loop):
    future = loop.create_future()
    seen = []
    future.add_done_callback(seen.append)
    loop.call_soon(future.set_result, 1)
    assert await future == 1
    assert future.result() == 1
    broken = loop.create_future()
    broken.set_exception(LookupError("x"))
    with contextlib.suppress(LookupError):
        await broken
    await asyncio.sleep(0)
    assert seen == [future]
    repr(future), repr(broken)


@coroutine_program
async def gather(loop):
    assert await asyncio.gather(after(1, 1), after(2, 2)) == [1, 2]
    future = loop.create_future()
    loop.call_soon(future.set_exception, LookupError())
    assert len(await asyncio.gather(future, after(0), return_exceptions=True)) == 2
    both = asyncio.gather(asyncio.sleep(9), asyncio.sleep(9))
    await asyncio.sleep(0)
    both.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await both


@coroutine_program
async def wait(loop):
    tasks = [loop.create_task(after(i)) for i in range(2)]
    await asyncio.wait(tasks)
    slow = loop.create_task(asyncio.sleep(9))
    await asyncio.wait([slow, loop.create_task(after(1))], return_when="FIRST_COMPLETED")
    await asyncio.wait([slow], timeout=0.001)
    slow.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await slow


@coroutine_program
async def wait_for(loop):
    assert await asyncio.wait_for(after(1, 1), 5) == 1
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.sleep(9), 0.001)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(loop.create_future(), 0.001)


@coroutine_program
async def as_completed(loop):
    for awaitable in asyncio.as_completed([after(1), after(0)], timeout=5):
        await awaitable
    if sys.version_info >= (3, 13):
        tasks = [loop.create_task(after(i)) for i in range(2)]
        async for task in asyncio.as_completed(tasks):
            await task


@coroutine_program
async def task_group(loop):
    async with asyncio.TaskGroup() as group:
        task = group.create_task(after(1, 1))
        group.create_task(after(2))
    assert task.result() == 1

    async def fails():
        raise LookupError

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.sleep(9))
            group.create_task(fails())
    except ExceptionGroup as several:
        assert several.subgroup((LookupError, MemoryError)) is not None


@coroutine_program
async def timeout(loop):
    async with asyncio.timeout(5) as limit:
        limit.reschedule(loop.time() + 6)
        await asyncio.sleep(0)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.001):
            await asyncio.sleep(9)
    async with asyncio.timeout_at(loop.time() + 5):
        await after(1)


@coroutine_program
async def shield(loop):
    assert await asyncio.shield(after(1, 1)) == 1
    inner = loop.create_task(after(2, 2))
    outer = asyncio.shield(inner)
    await asyncio.sleep(0)
    outer.cancel()
    assert await inner == 2
    with contextlib.suppress(asyncio.CancelledError):
        await outer


@coroutine_program
async def sleep(loop):
    assert await asyncio.sleep(0.0001, 1) == 1
    assert await asyncio.sleep(0, 2) == 2


@coroutine_program
async def eager_tasks(loop):
    if sys.version_info < (3, 12):
        return
    loop.set_task_factory(asyncio.eager_task_factory)
    assert await loop.create_task(after(0, 1)) == 1
    assert await asyncio.gather(after(0, 1), after(2, 2)) == [1, 2]


@coroutine_program
async def generators(loop):
    async def numbers():
        try:
            for i in range(3):
                await asyncio.sleep(0)
                yield i
        finally:
            await asyncio.sleep(0)

    async for number in numbers():
        if number == 1:
            break
    await loop.shutdown_asyncgens()


# --- primitives and queues ------------------------------------------------------------------------


@coroutine_program
async def locks(loop):
    lock = asyncio.Lock()

    async def holds():
        async with lock:
            await asyncio.sleep(0)

    await asyncio.gather(holds(), holds(), holds())
    assert not lock.locked()


@coroutine_program
async def events(loop):
    event = asyncio.Event()
    waiting = asyncio.gather(event.wait(), event.wait())
    await asyncio.sleep(0)
    event.set()
    await waiting


@coroutine_program
async def conditions(loop):
    condition = asyncio.Condition()
    ready = []

    async def waits():
        async with condition:
            await condition.wait_for(lambda: ready)

    async def notifies():
        await asyncio.sleep(0)
        async with condition:
            ready.append(1)
            condition.notify_all()

    await asyncio.gather(waits(), waits(), notifies())


@coroutine_program
async def semaphores(loop):
    semaphore = asyncio.BoundedSemaphore(1)

    async def holds():
        async with semaphore:
            await asyncio.sleep(0)

    await asyncio.gather(holds(), holds(), holds())
    assert not semaphore.locked()


@coroutine_program
async def barriers(loop):
    barrier = asyncio.Barrier(2)
    await asyncio.gather(barrier.wait(), barrier.wait())


@coroutine_program
async def queues(loop):
    for kind in (asyncio.Queue, asyncio.PriorityQueue, asyncio.LifoQueue):
        queue = kind(1)

        async def produces(queue=queue):
            for i in range(3):
                await queue.put(i)

        async def consumes(queue=queue):
            for _ in range(3):
                await queue.get()
                queue.task_done()

        await asyncio.gather(consumes(), produces())
        await queue.join()


# --- callbacks, timers, threads, signals ----------------------------------------------------------


@program
def call_soon(loop):
    loop.call_soon(loop.call_soon, loop.stop)
    loop.run_forever()


@program
def call_soon_threadsafe(loop):
    loop.call_soon_threadsafe(loop.stop)
    loop.run_forever()


@program
def timers(loop):
    loop.call_later(5, print).cancel()
    loop.call_at(loop.time(), loop.call_later, 0.0001, loop.stop)
    loop.run_forever()


@program
def signals(loop):
    loop.add_signal_handler(signal.SIGUSR1, loop.stop)
    try:
        os.kill(os.getpid(), signal.SIGUSR1)
        loop.call_later(3, loop.stop)
        loop.run_forever()
    finally:
        loop.remove_signal_handler(signal.SIGUSR1)


@coroutine_program
async def executors(loop):
    assert await loop.run_in_executor(prepared.executor, int, "7") == 7
    with contextlib.suppress(ValueError):
        await loop.run_in_executor(prepared.executor, int, "x")


@coroutine_program
async def default_executor(loop):
    loop.set_default_executor(prepared.executor)
    assert await asyncio.to_thread(int, "7") == 7
    loop._default_executor = None


@coroutine_program
async def names(loop):
    await loop.getaddrinfo(HOST, 80)
    await loop.getnameinfo((HOST, 80), socket.NI_NUMERICHOST | socket.NI_NUMERICSERV)


@coroutine_program
async def coroutines_from_threads(loop):
    results = []

    def ask():
        results.append(asyncio.run_coroutine_threadsafe(after(1, 1), loop).result(5))

    await loop.run_in_executor(prepared.executor, ask)
    assert results == [1]


# --- loops ----------------------------------------------------------------------------------------


@program
def loop_of_its_own(loop):
    made = type(loop)()
    try:
        made.run_until_complete(after(1))
    finally:
        made.close()


@program
def runner(loop):
    with asyncio.Runner(loop_factory=type(loop)) as made:
        made.run(after(1))
        made.run(after(1))


@program
def debug_mode(loop):
    loop.set_debug(True)
    loop.call_later(5, print).cancel()
    loop.run_until_complete(after(2))


@program
def many_timers(loop):
    """Beyond what tables hold from the start."""
    for i in range(70):
        loop.call_later(i * 1e-6, int)
    loop.call_later(0.001, loop.stop)
    loop.run_forever()


@program
def from_another_thread(loop):
    posted = prepared.executor.submit(loop.call_soon_threadsafe, loop.stop)
    loop.call_later(3, loop.stop)
    loop.run_forever()
    posted.result(3)
