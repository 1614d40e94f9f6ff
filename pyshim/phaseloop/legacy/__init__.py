"""The legacy layer: what asyncio did when programs of 2014 to 2020 were written.

On in script mode (``python3 -m phaseloop``); a library or program that wants it calls
:func:`enable`. Off, it changes nothing. Each use gives one DeprecationWarning, at the line that
uses it, with the spelling of today. docs/OLD_PROGRAMS.md lists what comes back and what can't.
"""

import contextlib

from .. import _install
from . import _coroutines, _functions, _loops, _names, _primitives, _source, _tasks, _watchers
from ._source import compile_source

__all__ = ("compile_source", "disable", "enable", "is_enabled")

_PARTS = (_loops, _coroutines, _tasks, _functions, _primitives, _watchers, _names, _source)
_undo = None  # a contextlib.ExitStack while the layer is on


def enable():
    """Turn the legacy layer on, for the whole process. A second call does nothing.

    It lies over whatever stands under asyncio's names, asyncio's own or, after
    phaseloop.install(), the native; installing and uninstalling may come before or after.
    """
    global _undo
    if _undo is not None:
        return
    with contextlib.ExitStack() as undo:
        for part in _PARTS:
            part.put_all(undo)
        undo.callback(_install.lie_over, None)
        _install.lie_over(_around_install)
        _undo = undo.pop_all()


def disable():
    """Restore everything that enable() replaced. Does nothing if the layer is off.

    What was made meanwhile (tasks, locks, decorated functions) goes on working.
    """
    global _undo
    if _undo is None:
        return
    undo, _undo = _undo, None
    undo.close()


def is_enabled():
    """Whether the legacy layer is on."""
    return _undo is not None


@contextlib.contextmanager
def _around_install():
    """The layer comes off while names below it change."""
    disable()
    try:
        yield
    finally:
        enable()
