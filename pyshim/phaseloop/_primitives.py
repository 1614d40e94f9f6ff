"""asyncio's classes with native cores, put together from both.

Each class derives from its core and from asyncio's class of that name, so that whatever is not
native is asyncio's own; each native method stands for asyncio's function and answers as it does
when asked for its signature, docstring or kind.
"""

import types

from . import _attributes, _native, _stock

locks, queues, taskgroups, timeouts = map(
    _stock.Module, ("locks", "queues", "taskgroups", "timeouts")
)


def _native_methods(stock, names):
    """The native methods of these names, as the class asyncio has them in would show them.

    A method that the running release does not have (StreamWriter.__del__ came with 3.11.5) is
    left out.
    """
    return {
        name: _native.function(f"{stock.__name__}.{name}", function)
        for name, function in _stock.methods(stock, names).items()
    }


def _made_of(core, stock, methods, *bases):
    """A class with asyncio's name for it, from its core and asyncio's own class."""
    ours = (*bases, core) if core else bases
    namespace = _attributes.attributes_of(stock, ours) | _native_methods(stock, methods)
    return _attributes.made(_stock.derive(stock, ours, stock, namespace))


def _before(made, stock):
    """asyncio's class `stock`, which derives from the one that `made` was made of, for `made`.

    What it has of its own comes before what `made` has.
    """
    derived = _made_of(None, stock, (), made)
    for name, value in vars(stock).items():
        if isinstance(value, types.FunctionType):
            setattr(derived, name, value)
    return derived


_ENTERED = ("__aenter__", "__aexit__")

Lock = _made_of(
    _native.LockCore, locks.Lock, ("__init__", "acquire", "release", "locked", *_ENTERED)
)
Event = _made_of(_native.EventCore, locks.Event, ("__init__", "wait", "set", "clear", "is_set"))
Semaphore = _made_of(
    _native.SemaphoreCore, locks.Semaphore, ("acquire", "release", "locked", *_ENTERED)
)
BoundedSemaphore = _before(Semaphore, locks.BoundedSemaphore)
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


LifoQueue = _before(Queue, queues.LifoQueue)
PriorityQueue = _before(Queue, queues.PriorityQueue)
Timeout = _made_of(_native.TimeoutCore, timeouts.Timeout, ("__aenter__", "__aexit__", "reschedule"))
TaskGroup = _made_of(_native.TaskGroupCore, taskgroups.TaskGroup, ("create_task", "_on_task_done"))

_native.set_classes(
    reduce_function=_attributes.reduce_function,
    Lock=Lock,
    Condition=Condition,
    Queue=Queue,
    LifoQueue=LifoQueue,
    PriorityQueue=PriorityQueue,
    Timeout=Timeout,
)
