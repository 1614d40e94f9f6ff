"""What differs between the CPython versions for the Python side of the package."""

import sys
from asyncio import coroutines

# asyncio lists tasks itself, in C; before, all_tasks() reads a module global of asyncio.tasks.
ASYNCIO_LISTS_TASKS = sys.version_info >= (3, 14)
TASKS_GLOBAL = "_scheduled_tasks" if sys.version_info >= (3, 12) else "_all_tasks"

# The public names for policies warn.
POLICIES_DEPRECATED = sys.version_info >= (3, 14)

# The public name warns from 3.14 on.
is_coroutine_function = getattr(coroutines, "_iscoroutinefunction", coroutines.iscoroutinefunction)

# asyncio.run() and asyncio.Runner() take loop_factory; Runner always did.
RUN_TAKES_LOOP_FACTORY = sys.version_info >= (3, 12)
