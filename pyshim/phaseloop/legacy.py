"""The legacy layer: what asyncio did when programs of 2015 to 2019 were written.

On in script mode (``python3 -m phaseloop``); libraries may ask for it with :func:`enable`. Each use
says with a DeprecationWarning how it is spelled today.
"""

import asyncio
import threading
import warnings
from asyncio import events, tasks

from . import _functions
from ._loop import new_event_loop
from ._policy import EventLoopPolicy, set_policy


class LegacyPolicy(EventLoopPolicy):
    """get_event_loop() makes the main thread a loop when there is none yet."""

    _was_set = False

    def get_event_loop(self):
        """Return the current loop, made on first use in the main thread.

        Raises RuntimeError in other threads, and where set_event_loop() said there is none.
        """
        local = self._local
        if (
            getattr(local, "_loop", None) is None
            and not self._was_set
            and threading.current_thread() is threading.main_thread()
        ):
            self._warn()
            self.set_event_loop(new_event_loop())
        loop = getattr(local, "_loop", None)
        if loop is None:
            name = threading.current_thread().name
            raise RuntimeError(f"There is no current event loop in thread {name!r}.")
        return loop

    def set_event_loop(self, loop):
        """Set the current loop of this thread; None: there is none, and none is to be made."""
        self._was_set = True
        super().set_event_loop(loop)

    def _warn(self):
        warnings.warn(
            "There is no current event loop; get_event_loop() makes one, as it did until "
            "Python 3.13. Today: asyncio.run(main()), or asyncio.new_event_loop()",
            DeprecationWarning,
            stacklevel=_stacklevel(),
        )


async def wait(fs, *, timeout=None, return_when=tasks.ALL_COMPLETED):
    """asyncio.wait(), which also takes coroutines: they become tasks in the order given."""
    if not asyncio.isfuture(fs) and not asyncio.iscoroutine(fs):
        fs = list(fs)
        if any(map(asyncio.iscoroutine, fs)):
            warnings.warn(
                "Passing coroutines to asyncio.wait() ended with Python 3.11. Today: "
                "asyncio.wait([asyncio.create_task(coroutine), …])",
                DeprecationWarning,
                stacklevel=2,
            )
            fs = [asyncio.ensure_future(f) for f in fs]
    return await _functions.wait(fs, timeout=timeout, return_when=return_when)


def _stacklevel():
    """How far up the first frame is that is neither ours nor asyncio's."""
    import sys

    level, frame = 2, sys._getframe(2)
    while frame is not None and frame.f_globals.get("__name__", "").split(".")[0] in (
        "asyncio",
        "phaseloop",
    ):
        level, frame = level + 1, frame.f_back
    return level


def enable():
    """Turn the legacy layer on, for the whole process. phaseloop must be installed."""
    asyncio.wait = tasks.wait = wait
    set_policy(LegacyPolicy())


def is_enabled():
    """Whether the legacy layer is on."""
    return isinstance(events._event_loop_policy, LegacyPolicy)
