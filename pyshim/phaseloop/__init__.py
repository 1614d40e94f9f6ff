"""phaseloop: an asyncio event loop with native tasks, futures and combinators.

Importing it changes nothing. Ways to use it:

* ``phaseloop.run(main())``, or any of asyncio's own entry points with
  ``loop_factory=phaseloop.new_event_loop``;
* ``asyncio.set_event_loop_policy(phaseloop.EventLoopPolicy())``;
* ``phaseloop.install()``: every loop made from then on is phaseloop's, and the native names stand
  under asyncio's, until ``phaseloop.uninstall()``;
* ``python3 -m phaseloop script.py``: an unmodified program.
"""

from ._install import install, uninstall
from ._loop import Loop, new_event_loop
from ._native import Future, Task, as_completed, gather, sleep, wait
from ._policy import EventLoopPolicy
from ._run import run

__all__ = (
    "EventLoopPolicy",
    "Future",
    "Loop",
    "Task",
    "as_completed",
    "gather",
    "install",
    "new_event_loop",
    "run",
    "sleep",
    "uninstall",
    "wait",
)
