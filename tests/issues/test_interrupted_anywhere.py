"""Ctrl-C at any moment of a run: the main task is cancelled, everything is cleaned up, and
KeyboardInterrupt comes out, as on asyncio's own loop."""

import subprocess
import sys

import pytest

PROGRAM = """
import asyncio, os, random, signal, socket, sys, threading, time
import phaseloop

async def sleeping():
    await asyncio.sleep(60)

async def busy():
    while True:
        await asyncio.sleep(0)

async def computing():
    while True:
        sum(range(2000))
        await asyncio.sleep(0)

async def gathering():
    while True:
        await asyncio.gather(*(asyncio.sleep(0) for _ in range(50)))

async def chained():
    loop = asyncio.get_running_loop()
    def again():
        loop.call_soon(again)
    again()
    await asyncio.Event().wait()

async def timing():
    while True:
        async with asyncio.timeout(1):
            await asyncio.sleep(0.0002)

async def talking():
    here, there = socket.socketpair()
    here.setblocking(False)
    there.setblocking(False)
    loop = asyncio.get_running_loop()
    try:
        while True:
            await asyncio.gather(loop.sock_recv(there, 1), loop.sock_sendall(here, b"x"))
    finally:
        here.close()
        there.close()

async def flooded():
    loop = asyncio.get_running_loop()
    stop = threading.Event()
    def post():
        while not stop.is_set():
            loop.call_soon_threadsafe(int)
    thread = threading.Thread(target=post)
    thread.start()
    try:
        await asyncio.Event().wait()
    finally:
        stop.set()
        thread.join()

def one(body, delay, factory):
    seen = []
    started = threading.Event()
    def interrupt():
        started.wait()
        time.sleep(delay)
        os.kill(os.getpid(), signal.SIGINT)
    async def main():
        # A signal between the last look and the sleep is noticed by whatever comes next.
        heart = asyncio.ensure_future(beat())
        started.set()
        try:
            await body()
        except asyncio.CancelledError:
            seen.append("cancelled")
            await asyncio.sleep(0)
            seen.append("cleaned up")
            raise
        finally:
            heart.cancel()
    async def beat():
        while True:
            await asyncio.sleep(0.02)
    thread = threading.Thread(target=interrupt)
    thread.start()
    with asyncio.Runner(loop_factory=factory) as runner:
        loop = runner.get_loop()
        try:
            runner.run(main())
        except KeyboardInterrupt:
            seen.append("interrupted")
        seen.append([t for t in asyncio.all_tasks(loop) if not t.done()] == [] or "tasks are left")
        seen.append(signal.getsignal(signal.SIGINT) is signal.default_int_handler)
    thread.join()
    return (*seen, loop.is_closed(), signal.set_wakeup_fd(-1))

factory = {"asyncio": asyncio.SelectorEventLoop, "phaseloop": phaseloop.new_event_loop}[sys.argv[2]]
body = globals()[sys.argv[1]]
dice = random.Random(5)
outcomes = {one(body, dice.random() * 0.01, factory) for _ in range(25)}
print(outcomes)
"""
BODIES = "sleeping busy computing gathering chained timing talking flooded".split()


def outcomes(body, loop):
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, body, loop], capture_output=True, text=True, timeout=300
    )
    assert ran.returncode == 0, ran.stderr
    # asyncio's own sock_recv() complains of futures that were cancelled before it came to them.
    assert loop == "asyncio" or ran.stderr == ""
    return ran.stdout


@pytest.mark.parametrize("body", BODIES)
def test_ends_as_on_asyncio(body):
    found = outcomes(body, "phaseloop")
    assert found == outcomes(body, "asyncio")
    assert "'cancelled', 'cleaned up', 'interrupted'" in found
