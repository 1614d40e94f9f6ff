"""The loop: native where it is hot, asyncio's own BaseEventLoop for everything else.

Why derive from BaseEventLoop rather than from AbstractEventLoop: the cold control plane
(executors, asynchronous generators, exception handlers, running until complete, debug checks) then
is the running CPython's, word for word, on every version. What is hot is overridden in C++:
scheduling, time, tasks, futures, and the iteration itself, which `_run_once` does until stop()
instead of once.
"""

import os
import weakref

from . import _native, _origin, _stock
from ._network import NetworkMixin
from ._signals import SignalsMixin

base_events = _stock.Module("base_events")

_native.set_classes(
    origin_of_call=_origin.origin_of_call, origin_of_future=_origin.origin_of_future
)

# Live loops, for the child of a fork(). A WeakSet per interpreter, touched when a loop is made.
_loops = weakref.WeakSet()


class Loop(SignalsMixin, NetworkMixin, _native.Loop, base_events.BaseEventLoop):
    """An asyncio event loop in C++.

    Made by :func:`new_event_loop`. Every method answers as the running CPython's
    ``asyncio.SelectorEventLoop`` does.

    virtual_time: nobody waits. When nothing is ready, the loop's time(), which starts at zero,
    jumps to the next deadline; what comes from descriptors and threads still comes in its own time.
    For tests and simulations.
    """

    def __init__(self, *, virtual_time=False):
        super().__init__()
        _loops.add(self)

    def close(self):
        """Close the loop; what is scheduled is dropped.

        Raises RuntimeError if the loop is running. A second call does nothing.
        """
        if self.is_running():
            raise RuntimeError("Cannot close a running event loop")
        if self.is_closed():
            return
        super().close()
        self._release_io()

    def _add_reader(self, fd, callback, *args, context=None):
        """Call callback(*args) whenever `fd` (a descriptor or an object with fileno()) is readable.

        Replaces and cancels the descriptor's former reader. Raises OSError if it can't be watched.
        """
        self._check_closed()
        handle = self._new_handle(callback, *args, context=context)
        self._watch_reader(self._descriptor_of(fd), fd, handle)
        return handle

    def _remove_reader(self, fd):
        """Stop watching `fd` for reading. Returns whether it was watched."""
        if self._closed:
            return False
        return self._unwatch_reader(self._descriptor_of(fd))

    def _add_writer(self, fd, callback, *args, context=None):
        """Call callback(*args) whenever `fd` is writable; otherwise as _add_reader()."""
        self._check_closed()
        handle = self._new_handle(callback, *args, context=context)
        self._watch_writer(self._descriptor_of(fd), fd, handle)
        return handle

    def _remove_writer(self, fd):
        """Stop watching `fd` for writing. Returns whether it was watched."""
        if self._closed:
            return False
        return self._unwatch_writer(self._descriptor_of(fd))

    def _descriptor_of(self, file):
        """The descriptor of a number or a file object; of one without, that it is watched as.

        A closed socket does not know its descriptor any more; selectors find what is registered by
        the object then. Raises ValueError as they do.
        """
        try:
            return _descriptor(file)
        except ValueError:
            watched = self._watched_descriptor(file)
            if watched < 0:
                raise
            return watched

    def _process_events(self, event_list):
        """Nothing: the native poller queues handles itself."""

    def _write_to_self(self):
        """Wake the loop: call_soon_threadsafe() does so itself; asyncio asks for it elsewhere."""
        if not self._closed:
            self.call_soon_threadsafe(_nothing)


def new_event_loop():
    """Return a new :class:`Loop`: the ``loop_factory`` for asyncio.run(), Runner and others.

    Raises OSError if the process is out of file descriptors.
    """
    return Loop()


def _nothing():
    """A callback whose only effect is that the loop wakes up."""


def _descriptor(file):
    """The descriptor of a file object or a number, with the errors that selectors raise."""
    if isinstance(file, int):
        fd = file
    else:
        try:
            fd = int(file.fileno())
        except (AttributeError, TypeError, ValueError):
            raise ValueError(f"Invalid file object: {file!r}") from None
    if fd < 0:
        raise ValueError(f"Invalid file descriptor: {fd}")
    return fd


def _after_fork_in_child():
    """The child shares the parent's poller and wake-up descriptors: give every loop its own."""
    for loop in list(_loops):
        loop._forget_self_pipe_of_parent()
        loop._after_fork_in_child()


os.register_at_fork(after_in_child=_after_fork_in_child)
