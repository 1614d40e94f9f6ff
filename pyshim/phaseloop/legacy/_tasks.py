"""Task.all_tasks() and Task.current_task().

The native Task gets both, and takes generators by itself. asyncio's own type is immutable: there
asyncio.Task becomes a class below it that has both methods and makes coroutines of generators. What
it makes are tasks of the type itself, which count as its instances.
"""

import abc
import asyncio
from asyncio import tasks

from .. import _native
from ._coroutines import as_coroutine
from ._replace import put
from ._warn import warn


def put_all(undo):
    """Put what is here in its places."""
    if tasks.Task is _native.Task:
        for name, method in _METHODS.items():
            _native.set_task_attribute(name, method)
            undo.callback(_native.set_task_attribute, name)
        return
    made = _task_class(tasks.Task)
    for home in (asyncio, tasks):
        put(undo, home, "Task", made)


def _all_tasks(cls, loop=None):
    """Return the loop's unfinished tasks; without an argument, the current loop's."""
    warn("Task.all_tasks()", "3.9", "asyncio.all_tasks()")
    return asyncio.all_tasks(asyncio.get_event_loop() if loop is None else loop)


def _current_task(cls, loop=None):
    """Return the task that the loop runs now, or None; without an argument, the current loop's."""
    warn("Task.current_task()", "3.9", "asyncio.current_task()")
    return asyncio.current_task(asyncio.get_event_loop() if loop is None else loop)


_METHODS = {"all_tasks": classmethod(_all_tasks), "current_task": classmethod(_current_task)}


def _task_class(base):
    # Of a task's arguments one alone may be given by position: the coroutine.
    def new(cls, *args, **kwargs):
        if cls is not made:
            return base.__new__(cls)
        task = base(*map(as_coroutine, args), **kwargs)
        if task._source_traceback:
            del task._source_traceback[-1]
        return task

    def init(self, *args, **kwargs):
        base.__init__(self, *map(as_coroutine, args), **kwargs)

    def subclass_hook(cls, other):
        return issubclass(other, base) if cls is made else NotImplemented

    made = abc.ABCMeta(
        "Task",
        (base,),
        {
            "__doc__": base.__doc__,
            "__module__": base.__module__,
            "__new__": new,
            "__init__": init,
            "__subclasshook__": classmethod(subclass_hook),
            **_METHODS,
        },
    )
    return made
