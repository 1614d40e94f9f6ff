"""Names that asyncio's modules had, found again when somebody asks for them."""

import asyncio
import concurrent.futures
import inspect
import selectors
import sys
import types
from asyncio import base_futures, coroutines, events, exceptions, futures, queues, streams
from importlib.machinery import ModuleSpec

from ._replace import put
from ._warn import warn


def put_all(undo):
    """Put what is here in its places."""
    finder = _CompatFinder(undo)
    sys.meta_path.append(finder)
    undo.callback(finder.withdraw)
    _find(undo, asyncio, "3.7", {"compat": finder.module}, "leave it out")
    _find(undo, asyncio, "3.7", {"selectors": selectors}, "import selectors")
    for module in (asyncio, queues):
        _find(undo, module, "3.5", {"JoinableQueue": _Looked("Queue")}, "asyncio.Queue")
    errors = _exceptions("CancelledError", "InvalidStateError", "TimeoutError")
    errors["Error"] = concurrent.futures._base.Error
    for module in (futures, base_futures):
        _find(undo, module, "3.8", errors, "the same name in asyncio")
    errors = _exceptions("IncompleteReadError", "LimitOverrunError")
    _find(undo, streams, "3.8", errors, "the same name in asyncio")
    errors = _exceptions("SendfileNotAvailableError")
    _find(undo, events, "3.8", errors, "the same name in asyncio")
    for module in (asyncio, coroutines):
        found = {"iscoroutinefunction": _iscoroutinefunction}
        _find(undo, module, "3.16", found, "inspect.iscoroutinefunction()")


def _exceptions(*names):
    return {name: getattr(exceptions, name) for name in names if hasattr(exceptions, name)}


class _Looked:
    """An attribute of asyncio as it is when it is asked for."""

    def __init__(self, name):
        self.name = name


def _find(undo, module, ended, values, today):
    """Let the module have those of these names that it has no longer."""
    values = {name: value for name, value in values.items() if name not in vars(module)}
    before = vars(module).get("__getattr__")

    def __getattr__(name):
        if name not in values:
            if before is not None:
                return before(name)
            text = f"module {module.__name__!r} has no attribute {name!r}"
            raise AttributeError(text, name=name, obj=module)
        # `from module import name` looks twice, first from within importlib.
        if not sys._getframe(1).f_globals.get("__name__", "").startswith("importlib"):
            warn(f"{module.__name__}.{name}", ended, today)
        value = values[name]
        return getattr(asyncio, value.name) if isinstance(value, _Looked) else value

    if values:
        put(undo, module, "__getattr__", __getattr__)


# --- asyncio.compat -------------------------------------------------------------------------------


class _CompatFinder:
    """Finds asyncio.compat, of which there is no file any more, for the import system."""

    def __init__(self, undo):
        text = "Which Python this is, for libraries that asked."
        self.module = types.ModuleType("asyncio.compat", text)
        _find(undo, self.module, "3.7", _COMPAT, "leave it out: every Python has it")

    def find_spec(self, name, path, target=None):
        """The module's spec, or None."""
        return ModuleSpec(name, self) if name == self.module.__name__ else None

    def create_module(self, spec):
        """The module, which has all it needs."""
        return self.module

    def exec_module(self, module):
        """Nothing: it has."""

    def withdraw(self):
        """Be found no longer."""
        sys.meta_path.remove(self)
        if sys.modules.pop(self.module.__name__, None) is not None:
            del asyncio.compat  # which importing it has set


def _flatten_list_bytes(list_of_data):
    """Concatenate a sequence of bytes-like objects."""
    return b"".join(list_of_data)


_COMPAT = {"PY34": True, "PY35": True, "PY352": True, "flatten_list_bytes": _flatten_list_bytes}


def _iscoroutinefunction(func):
    """Return True if func is a coroutine function, or has been decorated to be one."""
    return inspect.iscoroutinefunction(func) or hasattr(func, "_is_coroutine")
