"""asyncio's functions as they were: a loop argument, coroutines in wait(), no loop running yet."""

import asyncio
import contextlib
import itertools
import types
from asyncio import events, streams, subprocess, tasks

from ._coroutines import iscoroutine, warn_if_taken
from ._replace import put_function
from ._warn import warn

_PLAIN = "stock_without_keywords"  # for those that have lost a loop argument and nothing else


def put_all(undo):
    """Put what is here in its places."""
    put_function(undo, [asyncio, tasks, streams], "sleep", _awaited, plain=_PLAIN)
    for name in ("gather", "shield"):
        put_function(undo, [asyncio, tasks], name, _called, plain=_PLAIN)
    put_function(undo, [asyncio, tasks], "wait", _wait)
    put_function(undo, [asyncio, tasks], "wait_for", _wait_for)
    put_function(undo, [asyncio, tasks], "as_completed", _as_completed)
    put_function(undo, [asyncio, tasks], "run_coroutine_threadsafe", _threadsafe)
    for name in ("open_connection", "start_server", "open_unix_connection", "start_unix_server"):
        put_function(undo, [asyncio, streams], name, _awaited, plain=_PLAIN)
    for name in ("create_subprocess_exec", "create_subprocess_shell"):
        put_function(undo, [asyncio, subprocess], name, _awaited, plain=_PLAIN)


# --- the loop argument ----------------------------------------------------------------------------


def _take_loop(modern, kwargs):
    """Take the loop argument, with a warning; None if there is none or it is None."""
    if "loop" not in kwargs:
        return None
    warn(
        f"The loop argument of asyncio.{modern.__name__}()",
        "3.10",
        f"asyncio.{modern.__name__}(…) without it, within a coroutine that the loop runs",
    )
    return kwargs.pop("loop")


def _awaited(modern, *args, **kwargs):
    loop = _take_loop(modern, kwargs)
    return modern(*args, **kwargs) if loop is None else _await_on(loop, modern, args, kwargs)


async def _await_on(loop, modern, args, kwargs):
    if loop is not events.get_running_loop():
        await loop.create_future()  # fails as does whatever belongs to another loop
    return await modern(*args, **kwargs)


def _called(modern, *args, **kwargs):
    loop = _take_loop(modern, kwargs)
    if loop is None:
        return modern(*args, **kwargs)
    with _as_if_running(loop):
        return modern(*args, **kwargs)


@contextlib.contextmanager
def _as_if_running(loop):
    """Let asyncio take this loop for the running one: a function that makes futures uses it."""
    before = events._get_running_loop()
    events._set_running_loop(loop)
    try:
        yield
    finally:
        events._set_running_loop(before)


# --- those with more to them ----------------------------------------------------------------------


_RETURN_WHEN = ("ALL_COMPLETED", "FIRST_COMPLETED", "FIRST_EXCEPTION")


def _wait(modern, *args, **kwargs):
    loop = _take_loop(modern, kwargs)
    if not args and "fs" not in kwargs:
        return modern(**kwargs)
    fs, rest = args[0] if args else kwargs.pop("fs"), args[1:]
    if not asyncio.isfuture(fs) and not iscoroutine(fs):
        fs = list(fs)
    made = modern
    if isinstance(fs, list) and not all(map(asyncio.isfuture, fs)):
        warn(
            "Passing coroutines to asyncio.wait()",
            "3.11",
            "asyncio.wait([asyncio.create_task(coroutine), …])",
        )
        made = _wait_for_tasks(modern)
    args = (fs, *rest)
    return made(*args, **kwargs) if loop is None else _await_on(loop, made, args, kwargs)


def _wait_for_tasks(modern):
    async def wait(fs, **options):
        if options.get("return_when", "ALL_COMPLETED") not in _RETURN_WHEN:
            return await modern(fs, **options)  # fails, before anything has been started
        # In the order given: a set would start them in any.
        futures = [asyncio.ensure_future(f) for f in dict.fromkeys(fs)]
        return await modern(futures, **options)

    return wait


def _wait_for(modern, *args, **kwargs):
    loop = _take_loop(modern, kwargs)
    made = modern
    if args and isinstance(args[0], types.GeneratorType):
        made = _wait_for_generator(modern)
    return made(*args, **kwargs) if loop is None else _await_on(loop, made, args, kwargs)


def _wait_for_generator(modern):
    async def wait_for(generator, *args, **kwargs):
        return await modern(asyncio.ensure_future(generator), *args, **kwargs)

    return wait_for


def _threadsafe(modern, *args, **kwargs):
    for coro in args[:1]:
        warn_if_taken(coro)  # here, not in the loop's thread
    return modern(*args, **kwargs)


def _as_completed(modern, *args, **kwargs):
    loop = _take_loop(modern, kwargs)
    if args and isinstance(args[0], types.GeneratorType) and not iscoroutine(args[0]):
        args = (list(args[0]), *args[1:])  # one that yields futures, not a coroutine
    if loop is None and events._get_running_loop() is not None:
        return modern(*args, **kwargs)
    return _as_completed_on(loop, modern, args, kwargs)


def _as_completed_on(loop, modern, args, kwargs):
    with _as_if_running(asyncio.get_event_loop() if loop is None else loop):
        coroutines = iter(modern(*args, **kwargs))
        first = list(itertools.islice(coroutines, 1))  # now it has made its futures
    yield from itertools.chain(first, coroutines)
