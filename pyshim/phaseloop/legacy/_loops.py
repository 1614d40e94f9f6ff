"""Loops before 3.14: get_event_loop() made one, and any executor could be the default."""

import concurrent.futures
import threading
from asyncio import events

from .. import _stock
from ._replace import put
from ._warn import warn


def put_all(undo):
    """Put what is here in its places."""
    policy = getattr(events, "_BaseDefaultEventLoopPolicy", None) or getattr(
        events, "BaseDefaultEventLoopPolicy", None
    )
    if policy is None:  # from 3.16 on
        from . import _policies

        policy = _policies.put_all(undo)
    present = getattr(getattr(policy, "get_event_loop", None), "__code__", None)
    if "new_event_loop" not in _stock.names_in(present):  # from 3.14 on
        put(undo, policy, "get_event_loop", _get_event_loop)
        if not hasattr(policy._Local, "_set_called"):
            put(undo, policy._Local, "_set_called", False)
            put(undo, policy, "set_event_loop", _noting(policy.set_event_loop))
    loop = _stock.Module("base_events").BaseEventLoop
    for name, modern in _stock.methods(loop, ["set_default_executor"]).items():
        put(undo, loop, name, _any_executor(modern))


def _get_event_loop(self):
    """Return the current loop, made on first use in the main thread.

    Raises RuntimeError in other threads, and once set_event_loop() has been called with None, as
    asyncio.run() does at its end.
    """
    local = self._local
    if (
        local._loop is None
        and not local._set_called
        and threading.current_thread() is threading.main_thread()
    ):
        warn(
            "Making an event loop where there is none, as get_event_loop() and what uses it did,",
            "3.14",
            "asyncio.run(main()), or loop = asyncio.new_event_loop(); asyncio.set_event_loop(loop)",
        )
        self.set_event_loop(self.new_event_loop())
    if local._loop is None:
        name = threading.current_thread().name
        raise RuntimeError(f"There is no current event loop in thread {name!r}.")
    return local._loop


def _noting(modern):
    def set_event_loop(self, loop):
        """Set the current loop of this thread; None: there is none, and none is to be made."""
        self._local._set_called = True
        modern(self, loop)

    return set_event_loop


def _any_executor(modern):
    def set_default_executor(self, executor):
        """Make `executor` the one that run_in_executor(None, …) uses."""
        if isinstance(executor, concurrent.futures.ThreadPoolExecutor):
            return modern(self, executor)
        warn(
            f"A default executor of type {type(executor).__name__}",
            "3.11",
            "loop.run_in_executor(executor, function)",
        )
        self._default_executor = executor

    return set_default_executor
