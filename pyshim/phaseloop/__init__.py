"""phaseloop: an asyncio event loop with native tasks, futures and combinators.

Importing it changes nothing. Ways to use it:

* ``phaseloop.run(main())``, or any of asyncio's own entry points with
  ``loop_factory=phaseloop.new_event_loop``;
* ``asyncio.set_event_loop_policy(phaseloop.EventLoopPolicy())``;
* ``phaseloop.install()``: every loop made from then on is phaseloop's, and the native names stand
  under asyncio's, until ``phaseloop.uninstall()``;
* ``python3 -m phaseloop script.py``: an unmodified program.
"""

from . import _native
from ._functions import (
    as_completed,
    create_task,
    eager_task_factory,
    ensure_future,
    gather,
    run_coroutine_threadsafe,
    shield,
    sleep,
    timeout,
    timeout_at,
    wait,
    wait_for,
    wrap_future,
)
from ._install import install, uninstall
from ._loop import Loop, new_event_loop
from ._native import Future, Handle, Task, TimerHandle
from ._policy import EventLoopPolicy
from ._primitives import (
    Barrier,
    BoundedSemaphore,
    Condition,
    Event,
    LifoQueue,
    Lock,
    PriorityQueue,
    Queue,
    Semaphore,
    TaskGroup,
    Timeout,
)
from ._run import run
from ._streams import (
    StreamReader,
    StreamReaderProtocol,
    StreamWriter,
    create_subprocess_exec,
    create_subprocess_shell,
    open_connection,
    open_unix_connection,
    start_server,
    start_unix_server,
)

__version__ = _native.version

__all__ = (
    "Barrier",
    "BoundedSemaphore",
    "Condition",
    "Event",
    "EventLoopPolicy",
    "Future",
    "Handle",
    "LifoQueue",
    "Lock",
    "Loop",
    "PriorityQueue",
    "Queue",
    "Semaphore",
    "StreamReader",
    "StreamReaderProtocol",
    "StreamWriter",
    "Task",
    "TaskGroup",
    "Timeout",
    "TimerHandle",
    "as_completed",
    "create_subprocess_exec",
    "create_subprocess_shell",
    "create_task",
    "eager_task_factory",
    "ensure_future",
    "gather",
    "install",
    "new_event_loop",
    "open_connection",
    "open_unix_connection",
    "run",
    "run_coroutine_threadsafe",
    "shield",
    "sleep",
    "start_server",
    "start_unix_server",
    "timeout",
    "timeout_at",
    "uninstall",
    "wait",
    "wait_for",
    "wrap_future",
)
