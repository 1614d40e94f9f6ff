"""install() and uninstall(): phaseloop under asyncio's own names, and back."""

import asyncio
import contextlib
from asyncio import (
    events,
    futures,
    locks,
    queues,
    streams,
    subprocess,
    taskgroups,
    tasks,
    timeouts,
)

from . import _functions, _native, _primitives, _streams
from ._loop import new_event_loop
from ._policy import EventLoopPolicy, set_policy
from ._registry import hide_native_tasks


def _everywhere(native, homes, names):
    """(module, name, native value) for asyncio itself and each module that has the name, too."""
    for name in names:
        for home in (asyncio, *homes):
            yield home, name, getattr(native, name)


# Every place in which asyncio itself, or a program, looks a name up.
_NAMES = [
    (asyncio, "Future", _native.Future),
    (futures, "Future", _native.Future),
    (futures, "_CFuture", _native.Future),
    (asyncio, "Task", _native.Task),
    (tasks, "Task", _native.Task),
    (tasks, "_CTask", _native.Task),
    *_everywhere(
        _functions,
        [tasks],
        [
            "as_completed",
            "create_task",
            "ensure_future",
            "gather",
            "shield",
            "sleep",
            "wait",
            "wait_for",
        ],
    ),
    *_everywhere(_functions, [tasks], ["eager_task_factory"]),  # from 3.12 on
    *_everywhere(_functions, [tasks], ["run_coroutine_threadsafe"]),
    (tasks, "_GatheringFuture", _functions._GatheringFuture),
    *_everywhere(_functions, [futures], ["wrap_future"]),
    *_everywhere(_functions, [timeouts], ["timeout", "timeout_at"]),
    *_everywhere(
        _primitives,
        [locks],
        ["Barrier", "BoundedSemaphore", "Condition", "Event", "Lock", "Semaphore"],
    ),
    *_everywhere(_primitives, [queues], ["LifoQueue", "PriorityQueue", "Queue"]),
    *_everywhere(_primitives, [taskgroups], ["TaskGroup"]),
    *_everywhere(_primitives, [timeouts], ["Timeout"]),
    *_everywhere(_streams, [streams], ["StreamReader", "StreamReaderProtocol", "StreamWriter"]),
    (subprocess, "SubprocessStreamProtocol", _streams.SubprocessStreamProtocol),
    (streams, "sleep", _functions.sleep),
]
if set_policy is None:  # new loops come from this function itself
    _NAMES += [(home, "new_event_loop", new_event_loop) for home in (asyncio, events)]

_saved = None  # [(module, name, value)], and the policy, while installed
_layer_off = contextlib.nullcontext  # off for the length of a `with`: what lies over these names


def lie_over(layer_off):
    """Have the names here replaced within layer_off(), a context manager; None: by themselves."""
    global _layer_off
    _layer_off = layer_off or contextlib.nullcontext


def install():
    """Make every event loop created from now on phaseloop's, and asyncio's names native.

    Affects the whole process. A second call does nothing.
    """
    global _saved
    if _saved is not None:
        return
    with _layer_off():
        _saved = _put_native_names()


def _put_native_names():
    saved = (
        [
            (module, name, getattr(module, name))
            for module, name, _ in _NAMES
            if hasattr(module, name)
        ],
        getattr(events, "_event_loop_policy", None),
    )
    for module, name, _ in saved[0]:
        setattr(module, name, next(v for m, n, v in _NAMES if m is module and n == name))
    if set_policy is not None:
        set_policy(EventLoopPolicy())
    return saved


def uninstall():
    """Restore everything that install() replaced. Does nothing if phaseloop is not installed.

    Loops that exist keep running.
    """
    global _saved
    if _saved is None:
        return
    names, policy = _saved
    _saved = None
    with _layer_off():
        for module, name, value in names:
            setattr(module, name, value)
        if set_policy is not None:
            set_policy(policy)
    hide_native_tasks()
