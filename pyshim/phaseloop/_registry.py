"""all_tasks() before Python 3.14: native tasks, seen through asyncio's own register.

asyncio keeps all tasks in a WeakSet, whose upkeep costs more than a whole native step. Native tasks
are in a list in C++ instead, and asyncio's module global is replaced by a view of both. all_tasks()
looks the global up when it is called, so names imported long before see native tasks too.
"""

from asyncio import tasks

from . import _native
from ._versions import ASYNCIO_LISTS_TASKS, TASKS_GLOBAL


class TaskRegister:
    """Stands for asyncio's WeakSet of tasks: iterates over its and ours, forwards the rest."""

    def __init__(self, stock):
        self.stock = stock

    def __iter__(self):
        yield from self.stock
        yield from _native.unfinished_tasks()

    def __len__(self):
        return len(self.stock) + len(_native.unfinished_tasks())

    def __contains__(self, task):
        return task in self.stock or task in _native.unfinished_tasks()

    def __getattr__(self, name):
        return getattr(self.stock, name)


def show_native_tasks():
    """Let asyncio.all_tasks() see native tasks. Does nothing the second time."""
    if ASYNCIO_LISTS_TASKS:
        return
    stock = getattr(tasks, TASKS_GLOBAL, None)  # None: asyncio keeps its tasks elsewhere
    if stock is not None and not isinstance(stock, TaskRegister):
        setattr(tasks, TASKS_GLOBAL, TaskRegister(stock))


def hide_native_tasks():
    """Give asyncio its own register back, unless there are native tasks it would lose."""
    if ASYNCIO_LISTS_TASKS:
        return
    register = getattr(tasks, TASKS_GLOBAL, None)
    if isinstance(register, TaskRegister) and not _native.unfinished_tasks():
        setattr(tasks, TASKS_GLOBAL, register.stock)
        _native.list_tasks_with(None)


_native.list_tasks_with(show_native_tasks)
