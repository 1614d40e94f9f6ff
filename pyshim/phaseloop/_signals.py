"""Signals: add_signal_handler() and what it stands on, asyncio's own functions on a native loop.

asyncio hears of a signal through the wake-up descriptor of the `signal` module, to which the
interpreter writes the number of every signal that comes. So it hears of each one of several that
come while a callback runs, and of those whose Python handler somebody replaced; and it touches the
wake-up descriptor only when a handler is added and when the last one is removed. All of that is
the running release's code here. The socket pair behind the descriptor is made when it is first
asked for: most loops never need it.
"""

import signal
import sys
import threading
import warnings

from . import _native, _stock

unix_events = _stock.Module("unix_events")

_stock_handler = _stock.get(unix_events, "_sighandler_noop")


class _MadeWhenLookedAt:
    """One end of the self-pipe. Looking at either makes both, which then hide these attributes."""

    def __set_name__(self, owner, name):
        self._name = name

    def __get__(self, loop, owner=None):
        if loop is None:
            return self
        if loop.is_closed():
            return None
        loop._make_self_pipe()
        return vars(loop)[self._name]


def _sighandler_noop(signum, frame):
    """The handler of a signal that a loop handles: nothing is left to do.

    But it tells loops that are busy to look at their self-pipe in the next iteration, as asyncio's
    do in every iteration. Without it (the program replaced it by signal.signal(), say) a busy loop
    notices the signal when it next asks the poller.
    """
    _native.signal_came()


class SignalsMixin:
    """What a loop knows of signals. Main thread of the main interpreter only."""

    _csock = _MadeWhenLookedAt()
    _ssock = _MadeWhenLookedAt()
    _internal_fds = 0
    # Attributes: a loop may be collected when the globals of modules are gone.
    _is_finalizing = staticmethod(sys.is_finalizing)
    _warn = staticmethod(warnings.warn)

    def __init__(self, selector):
        super().__init__(selector)

    def add_signal_handler(self, sig, callback, *args):
        """Call callback(*args) in the loop when the process gets the signal `sig`.

        Raises ValueError for a number that is no signal or is reserved, and RuntimeError for one
        that can't be caught or outside the main thread.
        """
        unix_events._UnixSelectorEventLoop.add_signal_handler(self, sig, callback, *args)
        if _stock_handler is not None and signal.getsignal(sig) is _stock_handler:
            signal.signal(sig, _sighandler_noop)
            # A system call under way goes on where it was, as if no signal had come.
            signal.siginterrupt(sig, False)

    def close(self):
        """Close the loop; signals that it handles have their default actions back."""
        self._close_self_pipe()
        super().close()
        if not self._signal_handlers:
            return
        if not self._is_finalizing():
            for sig in list(self._signal_handlers):
                self.remove_signal_handler(sig)
            return
        self._warn(
            f"Closing the loop {self!r} on interpreter shutdown stage, "
            "skipping signal handlers removal",
            ResourceWarning,
            source=self,
        )
        self._signal_handlers.clear()

    def _add_callback_signalsafe(self, handle):
        if self._stock:
            super()._add_callback_signalsafe(handle)
        else:
            self._schedule_handle(handle)

    def _make_self_pipe(self):
        # A native loop is woken by other means; whoever looks for the pipe finds one.
        if self._stock or self._started:
            super()._make_self_pipe()

    def _close_self_pipe(self):
        if self._has_self_pipe():
            super()._close_self_pipe()

    def _has_self_pipe(self):
        return vars(self).get("_csock") is not None

    def _forget_self_pipe_of_parent(self):
        """After fork(), in the child: what is written to the pipe would reach the parent's loop.

        From 3.12 on asyncio resets the wake-up descriptor in every child; before, a signal to the
        child was handled in the parent.
        """
        if not self._has_self_pipe():
            return
        if threading.current_thread() is threading.main_thread():
            former = signal.set_wakeup_fd(-1)
            if former not in (-1, self._csock.fileno()):
                signal.set_wakeup_fd(former)
        for name in ("_csock", "_ssock"):
            vars(self).pop(name).close()
        self._internal_fds -= 1
