"""What Future._callbacks, and so repr(), shows for a native waiter: asyncio's own callbacks."""

import functools
import types
from asyncio import futures, tasks


@functools.cache
def _function(path):
    """asyncio's function at "class.method" or "function.nested"."""
    outer, name = path.split(".")
    home = getattr(tasks, outer, None) or getattr(futures, outer)
    if isinstance(home, type):
        return getattr(home, name)
    code = next(c for c in home.__code__.co_consts if getattr(c, "co_name", None) == name)
    cells = tuple(types.CellType() for _ in code.co_freevars)
    return types.FunctionType(code, home.__globals__, name, None, cells)


def _shown(path, owner):
    function = _function(path)
    return function if "<locals>" in function.__qualname__ else types.MethodType(function, owner)


def shown(paths, owner):
    """The callbacks at those paths, which spaces separate; methods are bound to `owner`."""
    return tuple(_shown(path, owner) for path in paths.split())
