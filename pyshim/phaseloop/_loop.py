"""The loop: native where it is hot, asyncio's own selector loop for everything else.

Why derive from asyncio's loop rather than from AbstractEventLoop: the cold control plane
(executors, asynchronous generators, exception handlers, running until complete, debug checks,
connecting, child processes) then is the running CPython's, word for word, on every version. What
is hot is overridden in C++: scheduling, time, tasks, futures, descriptors, and the iteration
itself. And a loop with methods of the program's own can run asyncio's code for all of it
(_patched.py).
"""

import os
import sys
import weakref

from . import _native, _origin, _overrides, _stock
from ._network import NetworkMixin
from ._patched import SelectorView, StockMixin, new_selector
from ._signals import SignalsMixin

unix_events = _stock.Module("unix_events")
_StockLoop = _stock.get(unix_events, "_UnixSelectorEventLoop") or unix_events.SelectorEventLoop
events = _stock.Module("events")

_native.set_classes(
    origin_of_call=_origin.origin_of_call, origin_of_future=_origin.origin_of_future
)

# Live loops, for the child of a fork(). A WeakSet per interpreter, touched when a loop is made.
_loops = weakref.WeakSet()


class Loop(SignalsMixin, NetworkMixin, StockMixin, _native.Loop, _StockLoop):
    """An asyncio event loop in C++.

    Made by :func:`new_event_loop`. Every method answers as the running CPython's
    ``asyncio.SelectorEventLoop`` does.

    selector: what watches descriptors; the loop runs asyncio's own code then, which asks it.

    virtual_time: nobody waits. When nothing is ready, the loop's time(), which starts at zero,
    jumps to the next deadline; what comes from descriptors and threads still comes in its own time.
    For tests and simulations.
    """

    _started = False

    def __init__(self, selector=None, *, virtual_time=False):
        self._virtual_time = virtual_time
        version = self._class_version()
        plain, *own = _overrides.judge(self, version)
        if selector is None and plain and version is not None:
            self._trust(version, *own)
            selector = SelectorView(self)
        else:
            self._enter_stock_mode()
            selector = selector or new_selector(self)
        super().__init__(selector)
        self._started = True
        _loops.add(self)

    def run_forever(self):
        """Run until stop() is called."""
        if not _overrides.WATCHED.isdisjoint(vars(self)):
            self._settle()
        running = self.is_running()
        former, hooks = events._get_running_loop(), sys.get_asyncgen_hooks()
        natively = not self._stock
        if natively:
            self._run_natively(True)
        try:
            super().run_forever()
        except MemoryError:
            if not running:
                self._end_failed_run(former, hooks)
            raise
        finally:
            if natively:
                self._run_natively(False)

    def _end_failed_run(self, former, hooks):
        """Do what asyncio does at the end of a run, which may have failed there for want of memory.

        Otherwise the thread would have a running loop for good.
        """
        self._stopping = False
        self._thread_id = None
        events._set_running_loop(former)
        self._set_coroutine_origin_tracking(False)
        sys.set_asyncgen_hooks(*hooks)

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
        if self._stock:
            return super()._add_reader(fd, callback, *args, **_given(context))
        self._check_closed()
        handle = self._new_handle(callback, *args, context=context)
        self._watch_reader(self._descriptor_of(fd), fd, handle)
        return handle

    def _remove_reader(self, fd):
        """Stop watching `fd` for reading. Returns whether it was watched."""
        if self._stock:
            return super()._remove_reader(fd)
        if self._closed:
            return False
        return self._unwatch_reader(self._descriptor_of(fd))

    def _add_writer(self, fd, callback, *args, context=None):
        """Call callback(*args) whenever `fd` is writable; otherwise as _add_reader()."""
        if self._stock:
            return super()._add_writer(fd, callback, *args, **_given(context))
        self._check_closed()
        handle = self._new_handle(callback, *args, context=context)
        self._watch_writer(self._descriptor_of(fd), fd, handle)
        return handle

    def _remove_writer(self, fd):
        """Stop watching `fd` for writing. Returns whether it was watched."""
        if self._stock:
            return super()._remove_writer(fd)
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
        """Queue the handles of what the selector found; the native poller does so itself."""
        if self._stock:
            super()._process_events(event_list)

    def _write_to_self(self):
        """Wake the loop: call_soon_threadsafe() does so itself; asyncio asks for it elsewhere."""
        if self._stock:
            return super()._write_to_self()
        if not self._closed:
            self.call_soon_threadsafe(_nothing)


def new_event_loop():
    """Return a new :class:`Loop`: the ``loop_factory`` for asyncio.run(), Runner and others.

    Raises OSError if the process is out of file descriptors.
    """
    return Loop()


def _given(context):
    """Keyword arguments: asyncio takes a context from 3.15 on."""
    return {} if context is None else {"context": context}


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

# Instances have attributes whose place a property of a subclass may take.
_overrides.remember(Loop, {"_clock_resolution", "_internal_fds", "_timer_cancelled_count"})
_native.set_classes(watched_names=_overrides.WATCHED)
