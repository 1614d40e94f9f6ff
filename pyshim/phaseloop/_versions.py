"""What differs between the CPython versions for the Python side of the package."""

import sys

from . import _stock

coroutines, tasks = map(_stock.Module, ("coroutines", "tasks"))

# asyncio lists tasks itself, in C; before, all_tasks() reads a module global of asyncio.tasks.
ASYNCIO_LISTS_TASKS = sys.version_info >= (3, 14)
TASKS_GLOBAL = "_all_tasks" if _stock.get(tasks, "_scheduled_tasks") is None else "_scheduled_tasks"

# The public name warns from 3.14 on.
is_coroutine_function = (
    _stock.get(coroutines, "_iscoroutinefunction") or coroutines.iscoroutinefunction
)
