"""A loop that is to run asyncio's own code from now on, and finds no memory for that, loses nothing
of what is scheduled and watched: it changes at the next attempt.
"""

import asyncio
import contextlib
import itertools
import socket
import subprocess
import sys

import phaseloop
import pytest

_testcapi = pytest.importorskip(
    "_testcapi", reason="this Python has no _testcapi to make allocations fail"
)


@contextlib.contextmanager
def failing(start):
    _testcapi.set_nomemory(start, start + 1)
    try:
        yield
    finally:
        _testcapi.remove_mem_hooks()


def attempt(start):
    """Whether the loop found no memory to change, if that allocation fails."""
    ran = []
    ours, theirs = socket.socketpair()
    theirs.send(b"x")
    loop = phaseloop.new_event_loop()
    try:
        loop.call_soon(ran.append, "soon")
        loop.call_later(0.001, ran.append, "timer")
        loop.call_later(0.002, ran.append, "later timer")
        loop.add_reader(ours, lambda: (ran.append("reader"), loop.remove_reader(ours)))
        stock = type(loop).call_soon
        loop.call_soon = lambda *args, **kwargs: stock(loop, *args, **kwargs)
        failed = False
        with failing(start):
            try:
                loop._ready  # noqa: B018, an attribute that is made when looked at
            except MemoryError:
                failed = True
        loop.run_until_complete(asyncio.sleep(0.02))
        assert sorted(ran) == ["later timer", "reader", "soon", "timer"], start
        assert loop._stock
    finally:
        loop.close()
        ours.close()
        theirs.close()
    return failed


# What a loop of asyncio's does then, too. 3.12.1 crashes in it.
WITHOUT_US = """
import _testcapi, selectors, socket
selector, ends = selectors.DefaultSelector(), socket.socketpair()
handles = print, None
for start in [*range(60)] * 30:
    _testcapi.set_nomemory(start, start + 1)
    try:
        kinds = selectors.EVENT_READ, selectors.EVENT_WRITE
        wanted = sum(kind for kind, handle in zip(kinds, handles, strict=True) if handle)
        selector.register(ends[0], wanted, handles)
    except (MemoryError, KeyError):
        pass
    finally:
        _testcapi.remove_mem_hooks()
    try:
        selector.unregister(ends[0])
    except KeyError:
        pass
    made = [object() for _ in range(100)], [{str(k): (k,)} for k in range(100)]
"""


def test_a_loop_that_finds_no_memory_to_change_loses_nothing():
    if subprocess.run([sys.executable, "-c", WITHOUT_US]).returncode < 0:
        pytest.skip("this Python crashes by itself when an allocation fails")
    failures = 0
    for start in itertools.count():
        if not attempt(start):
            break
        failures += 1
    assert failures > 10
