"""Child watchers, which asyncio has no more from 3.14 on: there each loop reaps its own children.

Children of the loop's own (create_subprocess_exec and others) are therefore none of a watcher's
business. What is here reaps the processes that the program has started itself and registered with
add_child_handler(); a FastChildWatcher too waits for no others, since those are the loop's.
"""

import asyncio
import os
import signal
import threading
import warnings
from asyncio import events, log, unix_events

from ._replace import put, put_missing
from ._warn import warn

_TODAY = "leave it out: every loop looks after its own children"


def put_all(undo):
    """Put what is here in its places."""
    policy = getattr(events, "_BaseDefaultEventLoopPolicy", None)
    if policy is None:  # before 3.14; CPython's own are still there
        return
    for home in (asyncio, events):
        put_missing(undo, home, "get_child_watcher", get_child_watcher)
        put_missing(undo, home, "set_child_watcher", set_child_watcher)
    for kind in _CLASSES:
        for home in (asyncio, unix_events):
            put_missing(undo, home, kind.__name__, kind)
    put_missing(undo, events, "AbstractChildWatcher", AbstractChildWatcher)
    names = ("get_child_watcher", "set_child_watcher", *(kind.__name__ for kind in _CLASSES))
    put(undo, asyncio, "__all__", (*asyncio.__all__, *names))
    put(undo, policy, "_watcher", None)
    put(undo, policy, "get_child_watcher", _policys_get_child_watcher)
    put(undo, policy, "set_child_watcher", _policys_set_child_watcher)
    put(undo, policy, "set_event_loop", _attaching(policy.set_event_loop))


def get_child_watcher():
    """Return the watcher of the current policy, a SafeChildWatcher if none has been set."""
    return events._get_event_loop_policy().get_child_watcher()


def set_child_watcher(watcher):
    """Make `watcher` the current policy's. Raises TypeError if it is none."""
    events._get_event_loop_policy().set_child_watcher(watcher)


def _policys_get_child_watcher(self):
    warn("get_child_watcher()", "3.14", _TODAY)
    if self._watcher is None:
        self._watcher = SafeChildWatcher._without_warning()
        if threading.current_thread() is threading.main_thread():
            self._watcher.attach_loop(self._local._loop)
    return self._watcher


def _policys_set_child_watcher(self, watcher):
    warn("set_child_watcher()", "3.14", _TODAY)
    if watcher is not None and not isinstance(watcher, AbstractChildWatcher):
        raise TypeError(f"a child watcher or None is expected, got {watcher!r}")
    if self._watcher is not None:
        self._watcher.close()
    self._watcher = watcher


def _attaching(modern):
    def set_event_loop(self, loop):
        """Set the current loop of this thread, and that of the child watcher if there is one."""
        modern(self, loop)
        if self._watcher is not None and threading.current_thread() is threading.main_thread():
            self._watcher.attach_loop(loop)

    return set_event_loop


# --- the classes ----------------------------------------------------------------------------------


class AbstractChildWatcher:
    """What every child watcher has. Processes are started and registered within `with watcher:`."""

    def add_child_handler(self, pid, callback, *args):
        """Call callback(pid, returncode, *args) when the process ends."""
        raise NotImplementedError()

    def remove_child_handler(self, pid):
        """Forget the process. Returns whether it was known."""
        raise NotImplementedError()

    def attach_loop(self, loop):
        """Work on this loop from now on; None: on none."""
        raise NotImplementedError()

    def close(self):
        """Forget all processes and let go of the loop."""
        raise NotImplementedError()

    def is_active(self):
        """Whether it can be used: a loop is attached, if it needs one."""
        raise NotImplementedError()

    def __enter__(self):
        raise NotImplementedError()

    def __exit__(self, *_):
        raise NotImplementedError()


class SafeChildWatcher(AbstractChildWatcher):
    """Asks for each registered process when SIGCHLD comes to the attached loop."""

    def __init__(self):
        warn(f"asyncio.{type(self).__name__}", "3.14", _TODAY)
        self._start()

    @classmethod
    def _without_warning(cls):
        made = cls.__new__(cls)
        made._start()
        return made

    def _start(self):
        self._loop = None
        self._callbacks = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def is_active(self):
        """Whether the attached loop is running."""
        return self._loop is not None and self._loop.is_running()

    def close(self):
        """Forget all processes and let go of the loop."""
        self._callbacks.clear()
        self.attach_loop(None)

    def attach_loop(self, loop):
        """Work on this loop from now on; None: on none."""
        if self._loop is not None and loop is None and self._callbacks:
            warnings.warn(
                "A loop is being detached from a child watcher with pending handlers",
                RuntimeWarning,
                stacklevel=2,
            )
        if self._loop is not None:
            self._loop.remove_signal_handler(signal.SIGCHLD)
        self._loop = loop
        if loop is not None:
            loop.add_signal_handler(signal.SIGCHLD, self._reap_all)
            self._reap_all()  # what ended meanwhile

    def add_child_handler(self, pid, callback, *args):
        """Call callback(pid, returncode, *args) in the loop when the process ends.

        Raises RuntimeError if no loop is attached.
        """
        if self._loop is None:
            raise RuntimeError(
                "Cannot add child handler, the child watcher does not have a loop attached"
            )
        self._callbacks[pid] = callback, args
        self._reap(pid)  # it may have ended already

    def remove_child_handler(self, pid):
        """Forget the process. Returns whether it was known."""
        return self._callbacks.pop(pid, None) is not None

    def _reap_all(self):
        for pid in list(self._callbacks):
            self._reap(pid)

    def _reap(self, pid):
        try:
            ended, status = os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:  # somebody else has waited for it
            returncode = 255
            log.logger.warning(
                "Unknown child process pid %d, will report returncode 255",
                pid,
            )
        else:
            if ended == 0:
                return
            returncode = os.waitstatus_to_exitcode(status)
        callback, args = self._callbacks.pop(pid)
        callback(pid, returncode, *args)


class FastChildWatcher(SafeChildWatcher):
    """As SafeChildWatcher."""


class ThreadedChildWatcher(AbstractChildWatcher):
    """Waits for each registered process in a thread of its own; needs no loop attached."""

    def __init__(self):
        warn(f"asyncio.{type(self).__name__}", "3.14", _TODAY)
        self._threads = unix_events._ThreadedChildWatcher()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def is_active(self):
        """It always is."""
        return True

    def close(self):
        """Nothing: threads end with the processes they wait for."""

    def attach_loop(self, loop):
        """Nothing: callbacks go to the loop that is running when they are registered."""

    def add_child_handler(self, pid, callback, *args):
        """Call callback(pid, returncode, *args) in the running loop when the process ends.

        Raises RuntimeError if no loop is running.
        """
        self._threads.add_child_handler(pid, callback, *args)

    def remove_child_handler(self, pid):
        """True; the callback still comes."""
        return True


class MultiLoopChildWatcher(ThreadedChildWatcher):
    """As ThreadedChildWatcher."""


class PidfdChildWatcher(ThreadedChildWatcher):
    """As ThreadedChildWatcher."""


_CLASSES = (
    AbstractChildWatcher,
    SafeChildWatcher,
    FastChildWatcher,
    ThreadedChildWatcher,
    MultiLoopChildWatcher,
    PidfdChildWatcher,
)
