"""A loop that is dropped without being closed is collected, whatever it was used for, gives its
ResourceWarning and releases its descriptors, as asyncio's does."""

import asyncio
import contextlib
import gc
import os
import socket
import sys
import threading
import time
import warnings
import weakref
from pathlib import Path

import phaseloop
import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from descriptors import open_descriptors

USES = {}


def use(function):
    """Registers what is done with a loop; what it returns is kept while the loop is dropped."""
    USES[function.__name__] = function
    return function


def use_while_running(function):
    """The same of a coroutine function, whose loop stops once it has returned or waits."""

    def run(loop):
        task = loop.create_task(function(loop))
        task._log_destroy_pending = False
        loop.call_later(0.02, loop.stop)
        loop.run_forever()

    USES[function.__name__] = run
    return function


@use
def nothing(loop):
    pass


@use
def a_callback(loop):
    loop.call_soon(int)


@use
def a_timer(loop):
    loop.call_later(9, int)
    loop.call_later(9, int).cancel()


@use
def a_posted_callback(loop):
    loop.call_soon_threadsafe(int)


@use
def callbacks_posted_by_a_thread(loop):
    def post():
        for _ in range(3):
            loop.call_soon_threadsafe(loop.stop)

    thread = threading.Thread(target=post)
    thread.start()
    thread.join()


@use
def a_posted_callback_after_a_run(loop):
    loop.run_until_complete(asyncio.sleep(0))
    loop.call_soon_threadsafe(loop.call_soon, loop.stop)


@use
def debug_mode(loop):
    loop.set_debug(True)
    loop.call_soon_threadsafe(int)
    loop.run_until_complete(asyncio.sleep(0))
    loop.call_soon(int)


@use
def a_future_with_a_callback(loop):
    future = loop.create_future()
    future.add_done_callback(lambda future: loop)
    loop.keep = future


@use
def an_exception_handler_and_a_task_factory(loop):
    loop.set_exception_handler(lambda loop_, context: loop)
    loop.set_task_factory(lambda loop_, coro, **kw: asyncio.Task(coro, loop=loop, **kw))


@use
def an_executor(loop):
    loop.run_until_complete(loop.run_in_executor(None, int))


@use
def readers_and_writers(loop):
    a, b = socket.socketpair()
    loop.add_reader(a, int)
    loop.add_writer(a, print, loop)
    return a, b


@use
def a_reader_that_was_called(loop):
    a, b = socket.socketpair()
    b.send(b"x")
    loop.add_reader(a, loop.stop)
    loop.run_forever()
    return a, b


@use_while_running
async def a_sleeping_task(loop):
    await asyncio.sleep(9)


@use_while_running
async def waiting_tasks(loop):
    await asyncio.wait([loop.create_task(asyncio.sleep(9))], timeout=9)


@use_while_running
async def gathering_tasks(loop):
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(asyncio.sleep(9), asyncio.sleep(9))


@use_while_running
async def a_timeout(loop):
    async with asyncio.timeout(9):
        await loop.create_future()


@use_while_running
async def primitives(loop):
    lock, queue, condition = asyncio.Lock(), asyncio.Queue(), asyncio.Condition()
    async with lock, condition:
        loop.create_task(queue.get())
        await condition.wait()


@use_while_running
async def an_unfinished_generator(loop):
    async def numbers():
        yield 1
        await asyncio.sleep(9)

    async for _ in numbers():
        await asyncio.sleep(9)


@use_while_running
async def a_socket_call(loop):
    a, b = socket.socketpair()
    with a, b:
        a.setblocking(False)
        await loop.sock_recv(a, 1)


@use_while_running
async def a_server_and_its_connection(loop):
    server = await loop.create_server(asyncio.Protocol, "127.0.0.1", 0)
    await loop.create_connection(asyncio.Protocol, *server.sockets[0].getsockname())
    await asyncio.sleep(9)


@use_while_running
async def streams(loop):
    a, b = socket.socketpair()
    _streams = await asyncio.open_connection(sock=a)
    b.close()
    await asyncio.sleep(9)


@use_while_running
async def datagrams(loop):
    await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0))
    await asyncio.sleep(9)


@use_while_running
async def pipes(loop):
    reading, writing = os.pipe()
    await loop.connect_read_pipe(asyncio.Protocol, open(reading, "rb", 0))
    await loop.connect_write_pipe(asyncio.BaseProtocol, open(writing, "wb", 0))
    await asyncio.sleep(9)


@use_while_running
async def a_call_in_a_thread(loop):
    await loop.run_in_executor(None, int)
    await asyncio.sleep(9)


@use
def a_finished_child(loop):
    async def main():
        process = await asyncio.create_subprocess_exec("true")
        await process.wait()

    loop.run_until_complete(main())
    for thread in threading.enumerate():  # the watcher's, which has the loop
        if thread.name.startswith(("asyncio-waitpid", "waitpid")):
            thread.join()


def collect(ref, seconds=2):
    """Collects garbage; a thread that is about to end may hold the loop a little longer."""
    end = time.monotonic() + seconds
    gc.collect()
    while ref() is not None and time.monotonic() < end and threading.active_count() > 1:
        time.sleep(0.01)
        gc.collect()


def what_becomes_of(make_loop, prepare):
    """(collected, warned, descriptors left) of a loop that is used and dropped."""
    gc.collect()
    before = open_descriptors()
    loop = make_loop()
    kept = prepare(loop)
    ref = weakref.ref(loop)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        del loop
        collect(ref)
        warned = any("unclosed event loop" in str(each.message) for each in seen)
        seen.clear()  # a warning holds on to its source
        collect(ref)
    collected = ref() is None
    if not collected:
        ref().close()
    for each in kept or ():
        each.close()
    del kept
    gc.collect()
    return collected, warned, open_descriptors() - before


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("installed", [False, True], ids=["loop", "installed"])
@pytest.mark.parametrize("name", USES)
def test_a_dropped_loop_is_collected_as_asyncios(name, installed, request, monkeypatch):
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: None)
    wanted = what_becomes_of(asyncio.SelectorEventLoop, USES[name])
    if installed:
        request.getfixturevalue("installed")
    assert what_becomes_of(phaseloop.new_event_loop, USES[name]) == wanted
