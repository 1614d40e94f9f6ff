"""Event loop policies for Pythons that have none (from 3.16 on), as asyncio had them until 3.15."""

import asyncio
import threading
from asyncio import events

from ._replace import put
from ._warn import warn

_TODAY = "asyncio.run(main(), loop_factory=…)"


def put_all(undo):
    """Put what is here in its places; return the class that default policies are made of."""
    put(undo, DefaultEventLoopPolicy, "_loop_factory", staticmethod(events.new_event_loop))
    put(undo, DefaultEventLoopPolicy, "_tell_asyncio", staticmethod(events.set_event_loop))
    policies = _Policies()
    for home in (asyncio, events):
        put(undo, home, "AbstractEventLoopPolicy", AbstractEventLoopPolicy)
        put(undo, home, "DefaultEventLoopPolicy", DefaultEventLoopPolicy)
        put(undo, home, "get_event_loop_policy", policies.get_with_warning)
        put(undo, home, "set_event_loop_policy", policies.set_with_warning)
        put(undo, home, "get_event_loop", policies.get_event_loop)
        put(undo, home, "set_event_loop", policies.set_event_loop)
        put(undo, home, "new_event_loop", policies.new_event_loop)
    put(undo, events, "_BaseDefaultEventLoopPolicy", DefaultEventLoopPolicy)
    put(undo, events, "_get_event_loop_policy", policies.get)
    return DefaultEventLoopPolicy


class AbstractEventLoopPolicy:
    """What a policy has: which loop is current, and how a new one is made."""

    def get_event_loop(self):
        """Return the current loop. Raises RuntimeError if there is none."""
        raise NotImplementedError

    def set_event_loop(self, loop):
        """Make `loop`, or none, the current loop."""
        raise NotImplementedError

    def new_event_loop(self):
        """Return a new loop, which does not become the current one."""
        raise NotImplementedError


class DefaultEventLoopPolicy(AbstractEventLoopPolicy):
    """One current loop for each thread; loops are those that asyncio makes."""

    class _Local(threading.local):
        _loop = None

    def __init__(self):
        self._local = self._Local()

    def get_event_loop(self):
        """Return the current loop. Raises RuntimeError if there is none."""
        if self._local._loop is None:
            name = threading.current_thread().name
            raise RuntimeError(f"There is no current event loop in thread {name!r}.")
        return self._local._loop

    def set_event_loop(self, loop):
        """Make `loop`, or none, the current loop. Raises TypeError for what is neither."""
        if loop is not None and not isinstance(loop, events.AbstractEventLoop):
            raise TypeError(f"an event loop or None is expected, got {loop!r}")
        self._local._loop = loop
        self._tell_asyncio(loop)

    def new_event_loop(self):
        """Return a new loop, which does not become the current one."""
        return self._loop_factory()


class _Policies:
    """The policy of the process, and asyncio's functions that ask it."""

    def __init__(self):
        self._current = None

    def get(self):
        """The policy, which is the default one until another is set."""
        if self._current is None:
            self._current = DefaultEventLoopPolicy()
        return self._current

    def get_with_warning(self):
        """Return the policy of the process."""
        warn("asyncio.get_event_loop_policy()", "3.16", _TODAY)
        return self.get()

    def set_with_warning(self, policy):
        """Set the policy of the process; None: the default one. Raises TypeError for others."""
        warn("asyncio.set_event_loop_policy()", "3.16", _TODAY)
        if policy is not None and not isinstance(policy, AbstractEventLoopPolicy):
            raise TypeError(f"a policy or None is expected, got {policy!r}")
        self._current = policy

    def get_event_loop(self):
        """Return the running loop, or else the policy's current one."""
        running = events._get_running_loop()
        return self.get().get_event_loop() if running is None else running

    def set_event_loop(self, loop):
        """Make `loop` the policy's current one."""
        self.get().set_event_loop(loop)

    def new_event_loop(self):
        """Return a new loop of the policy's."""
        return self.get().new_event_loop()
