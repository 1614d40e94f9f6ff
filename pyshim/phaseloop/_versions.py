"""What differs between the CPython versions for the Python side of the package."""

import sys

from . import _stock

tasks = _stock.Module("tasks")

# asyncio lists tasks itself, in C; before, all_tasks() reads a module global of asyncio.tasks.
ASYNCIO_LISTS_TASKS = sys.version_info >= (3, 14)
TASKS_GLOBAL = "_all_tasks" if _stock.get(tasks, "_scheduled_tasks") is None else "_scheduled_tasks"
