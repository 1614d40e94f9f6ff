"""asyncio's classes with native cores, put together from both.

Each class derives from its core and from asyncio's class of that name, so that whatever is not
native is asyncio's own; each native method stands for asyncio's function and answers as it does
when asked for its signature, docstring or kind.
"""

from asyncio import locks, queues, taskgroups, timeouts

from . import _native


def _native_methods(stock, names):
    """The native methods of these names, as the class asyncio has them in would show them.

    A method that the running release does not have (StreamWriter.__del__ came with 3.11.5) is
    left out.
    """
    return {
        name: _native.function(f"{stock.__name__}.{name}", getattr(stock, name))
        for name in names
        if hasattr(stock, name)
    }


def _made_of(core, stock, methods, *bases):
    """A class with asyncio's name for it, from its core and asyncio's own class."""
    return type(
        stock.__name__,
        (*bases, core, stock) if core else (*bases, stock),
        {
            "__doc__": stock.__doc__,
            "__module__": stock.__module__,
            **_native_methods(stock, methods),
        },
    )


_ENTERED = ("__aenter__", "__aexit__")

Lock = _made_of(
    _native.LockCore, locks.Lock, ("__init__", "acquire", "release", "locked", *_ENTERED)
)
Event = _made_of(_native.EventCore, locks.Event, ("__init__", "wait", "set", "clear", "is_set"))
Semaphore = _made_of(
    _native.SemaphoreCore, locks.Semaphore, ("acquire", "release", "locked", *_ENTERED)
)
BoundedSemaphore = _made_of(None, locks.BoundedSemaphore, (), Semaphore)
# What it has of its own comes before what Semaphore has.
BoundedSemaphore.__init__ = locks.BoundedSemaphore.__init__
BoundedSemaphore.release = locks.BoundedSemaphore.release
Condition = _made_of(
    _native.ConditionCore,
    locks.Condition,
    ("__init__", "wait", "wait_for", "notify", "notify_all", *_ENTERED),
)

Barrier = _made_of(_native.BarrierCore, locks.Barrier, ("__init__", "wait", "__aenter__"))
Queue = _made_of(
    _native.QueueCore,
    queues.Queue,
    (
        "put",
        "get",
        "join",
        "put_nowait",
        "get_nowait",
        "task_done",
        "qsize",
        "empty",
        "full",
    ),
)


def _ordered(stock):
    """A queue with the order of this class of asyncio's."""
    made = _made_of(None, stock, (), Queue)
    for name in ("_init", "_put", "_get"):
        setattr(made, name, vars(stock)[name])
    return made


LifoQueue = _ordered(queues.LifoQueue)
PriorityQueue = _ordered(queues.PriorityQueue)

Timeout = _made_of(_native.TimeoutCore, timeouts.Timeout, ("__aenter__", "__aexit__", "reschedule"))
TaskGroup = _made_of(_native.TaskGroupCore, taskgroups.TaskGroup, ("create_task", "_on_task_done"))

_native.set_classes(
    Lock=Lock,
    Condition=Condition,
    Queue=Queue,
    LifoQueue=LifoQueue,
    PriorityQueue=PriorityQueue,
    Timeout=Timeout,
)
