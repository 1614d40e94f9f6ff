"""Locks and queues as they were: a loop argument, and `with (yield from lock)`."""

import asyncio
import types
from asyncio import locks

from ._replace import put, put_method
from ._warn import warn

# What some have within them, which belongs to the same loop.
_INNER = {"Condition": "_lock", "Queue": "_finished"}


def put_all(undo):
    """Put what is here in its places."""
    for name in ("Lock", "Event", "Condition", "Semaphore", "BoundedSemaphore", "Queue"):
        if kind := getattr(asyncio, name, None):
            put_method(undo, kind, "__init__", _init)
    if mixin := getattr(locks, "_ContextManagerMixin", None):
        put(undo, mixin, "__iter__", _iter)
        put(undo, mixin, "__await__", _await)


def _init(modern, self, *args, **kwargs):
    if "loop" not in kwargs:
        return modern(self, *args, **kwargs)
    loop = kwargs.pop("loop")
    name = type(self).__name__
    warn(
        f"The loop argument of asyncio.{name}()",
        "3.10",
        f"asyncio.{name}() without it: it belongs to the loop that first waits for it",
    )
    modern(self, *args, **kwargs)
    if loop is not None:
        _bind(self, loop)


def _bind(primitive, loop):
    primitive._loop = loop
    for kind in type(primitive).__mro__:
        inner = getattr(primitive, _INNER.get(kind.__name__, ""), None)
        if inner is None:
            continue
        if getattr(inner, "_loop", None) not in (None, loop):
            raise ValueError("loop argument must agree with lock")
        inner._loop = loop


class _Held:
    """What `with` is given: it releases the lock at the end of the block."""

    def __init__(self, lock):
        self._lock = lock

    def __enter__(self):
        return None

    def __exit__(self, *_):
        lock, self._lock = self._lock, None
        lock.release()


@types.coroutine
def _iter(self):
    _warn_of_with("with (yield from lock)")
    yield from self.acquire()
    return _Held(self)


def _await(self):
    _warn_of_with("with await lock")
    return _acquired(self).__await__()


async def _acquired(lock):
    await lock.acquire()
    return _Held(lock)


def _warn_of_with(spelling):
    warn(f"`{spelling}`", "3.9", "`async with lock`; await lock.acquire() where there is no block")
