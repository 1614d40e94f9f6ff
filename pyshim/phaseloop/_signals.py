"""Signals: add_signal_handler(), and waking a sleeping loop whichever thread a signal lands in.

Python runs signal handlers in the main thread, between byte codes and whenever the loop looks
(once an iteration), so a handler simply schedules its callback. The wake-up descriptor is only
there for a loop that sleeps while the kernel hands the signal to another thread.
"""

import contextlib
import errno
import os
import signal
import threading

from . import _stock
from ._versions import is_coroutine_function

coroutines = _stock.Module("coroutines")


class SignalsMixin:
    """What a loop knows of signals. Main thread of the main interpreter only."""

    def __init__(self):
        super().__init__()
        self._signal_handlers = {}
        self._signal_pipe = None
        self._chained_wakeup_fd = -1

    def add_signal_handler(self, sig, callback, *args):
        """Call callback(*args) in the loop when the process gets the signal `sig`.

        Raises ValueError for a number that is no signal or is reserved, and RuntimeError for one
        that can't be caught or outside the main thread.
        """
        if coroutines.iscoroutine(callback) or is_coroutine_function(callback):
            raise TypeError("coroutines cannot be used with add_signal_handler()")
        self._check_signal(sig)
        self._check_closed()
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("set_wakeup_fd only works in main thread of the main interpreter")
        handle = self._new_handle(callback, *args)
        former = self._signal_handlers.get(sig)
        self._signal_handlers[sig] = handle
        try:
            signal.signal(sig, self._on_signal)
            # A system call under way goes on where it was, as if no signal had come.
            signal.siginterrupt(sig, False)
        except (ValueError, OSError) as exc:
            self._restore_handler(sig, former)
            if isinstance(exc, OSError) and exc.errno == errno.EINVAL:
                raise RuntimeError(f"sig {sig} cannot be caught") from None
            if isinstance(exc, ValueError):
                raise RuntimeError(str(exc)) from None
            raise

    def remove_signal_handler(self, sig):
        """Give the signal `sig` its default action back. Returns whether there was a handler."""
        self._check_signal(sig)
        if self._signal_handlers.pop(sig, None) is None:
            return False
        default = signal.default_int_handler if sig == signal.SIGINT else signal.SIG_DFL
        try:
            signal.signal(sig, default)
        except OSError as exc:
            if exc.errno == errno.EINVAL:
                raise RuntimeError(f"sig {sig} cannot be caught") from None
            raise
        return True

    def _restore_handler(self, sig, former):
        if former is None:
            del self._signal_handlers[sig]
        else:
            self._signal_handlers[sig] = former

    def _check_signal(self, sig):
        if not isinstance(sig, int):
            raise TypeError(f"sig must be an int, not {sig!r}")
        if sig not in signal.valid_signals():
            raise ValueError(f"invalid signal number {sig}")

    def _on_signal(self, sig, frame):
        handle = self._signal_handlers.get(sig)
        if handle is None:
            return
        if handle._cancelled:
            self.remove_signal_handler(sig)
        else:
            self._schedule_handle(handle)

    @contextlib.contextmanager
    def _woken_by_signals(self):
        """While a run lasts, a signal that lands in another thread wakes this one."""
        if threading.current_thread() is not threading.main_thread() or self.is_closed():
            yield
            return
        if self._signal_pipe is None:
            self._open_signal_pipe()
        try:
            former = signal.set_wakeup_fd(self._signal_pipe[1], warn_on_full_buffer=False)
        except ValueError:  # the main thread of another interpreter than the main one
            yield
            return
        self._chained_wakeup_fd = former
        try:
            yield
        finally:
            signal.set_wakeup_fd(former)
            self._chained_wakeup_fd = -1

    def _open_signal_pipe(self):
        self._signal_pipe = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._watch_signal_pipe(self._signal_pipe[0], self._new_handle(self._drain_signal_pipe))

    def _drain_signal_pipe(self):
        """The handlers have run by now; a former owner of the wake-up descriptor gets its bytes."""
        with contextlib.suppress(BlockingIOError):
            numbers = os.read(self._signal_pipe[0], 4096)
            if self._chained_wakeup_fd >= 0:
                os.write(self._chained_wakeup_fd, numbers)

    def _forget_signals(self):
        for sig in list(self._signal_handlers):
            self.remove_signal_handler(sig)
        if self._signal_pipe is not None:
            for fd in self._signal_pipe:
                os.close(fd)
            self._signal_pipe = None
