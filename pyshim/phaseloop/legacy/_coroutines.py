"""Coroutines as generators: @asyncio.coroutine with `yield from`, and plain generators as tasks."""

import asyncio
import collections.abc
import functools
import inspect
import types
import weakref
from asyncio import coroutines, futures, tasks
from asyncio.coroutines import iscoroutine as stock_iscoroutine

from .. import _native
from ._replace import put, put_missing
from ._warn import warn


def put_all(undo):
    """Put what is here in its places."""
    for home in (asyncio, coroutines):
        put_missing(undo, home, "coroutine", coroutine)
    put(undo, asyncio, "iscoroutine", iscoroutine)
    put(undo, coroutines, "iscoroutine", iscoroutine_to_asyncio)
    for home in (tasks, asyncio.locks):
        put_missing(undo, home, "coroutine", coroutine)
    put(undo, asyncio, "__all__", (*asyncio.__all__, "coroutine"))
    _native.take_for_coroutines(_task_may_run)
    undo.callback(_native.take_for_coroutines, stock_iscoroutine)


def _is_decorated(obj):
    return (
        isinstance(obj, types.GeneratorType)
        and obj.gi_code.co_flags & inspect.CO_ITERABLE_COROUTINE != 0
    )


def iscoroutine(obj):
    """Return True if obj is a coroutine object, or a generator of a decorated function."""
    # Not of any function: for programs of today that is a question about something else.
    return stock_iscoroutine(obj) or _is_decorated(obj)


def iscoroutine_to_asyncio(obj):
    """The same for asyncio itself: where it takes a coroutine, any generator is one."""
    return stock_iscoroutine(obj) or isinstance(obj, types.GeneratorType)


def coroutine(func):
    """Make `func`, a generator function or any other, one whose calls can be awaited."""
    warn(
        "The decorator @asyncio.coroutine",
        "3.11",
        "async def, with await in the place of yield from",
    )
    if inspect.iscoroutinefunction(func):
        return func
    made = types.coroutine(func if inspect.isgeneratorfunction(func) else _yielding_from(func))
    made._is_coroutine = getattr(coroutines, "_is_coroutine", None)  # for iscoroutinefunction()
    return made


def _yielding_from(func):
    @functools.wraps(func)
    def call(*args, **kwargs):
        result = func(*args, **kwargs)
        if futures.isfuture(result) or inspect.isgenerator(result):
            return (yield from result)
        if isinstance(result, collections.abc.Awaitable):
            return (yield from result.__await__())
        return result

    return call


# --- generators as tasks --------------------------------------------------------------------------


def _task_may_run(obj):
    return stock_iscoroutine(obj) or warn_if_taken(obj)


# Generators that have had their warning.
_warned: weakref.WeakSet[types.GeneratorType] = weakref.WeakSet()


def _warn_of_generator(generator):
    # One that has been decorated has had it, too.
    if generator not in _warned and not _is_decorated(generator):
        _warned.add(generator)
        warn(
            f"A generator, {generator.__qualname__}(), as a coroutine",
            "3.12",
            f"async def {generator.__name__}(…), with await in the place of yield from",
        )


class GeneratorCoroutine(collections.abc.Coroutine):
    """A generator that asyncio's own tasks take for a coroutine."""

    def __init__(self, generator):
        self._generator = generator
        self.__name__ = generator.__name__
        self.__qualname__ = generator.__qualname__

    def __await__(self):
        return self._generator

    def __getattr__(self, name):
        if name.startswith("gi_"):  # what repr() and stacks are made of
            return getattr(self._generator, name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def send(self, value):
        """Resume the generator."""
        return self._generator.send(value)

    def throw(self, *exception):
        """Raise an exception in the generator."""
        return self._generator.throw(*exception)

    def close(self):
        """Raise GeneratorExit in the generator."""
        self._generator.close()


def warn_if_taken(obj):
    """Whether this is a generator that is a coroutine only here: then there is a warning."""
    taken = isinstance(obj, types.GeneratorType) and not stock_iscoroutine(obj)
    if taken:
        _warn_of_generator(obj)
    return taken


def as_coroutine(obj):
    """What asyncio's own Task takes: generators become coroutines, the rest stays as it is."""
    return GeneratorCoroutine(obj) if warn_if_taken(obj) else obj
