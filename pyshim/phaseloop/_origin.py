"""Where futures, tasks and handles were created, as debug mode remembers and reports it.

Tracebacks hold the program's frames and asyncio's, and none of this package: neither of what stands
in for asyncio's Python code, nor of what started the program in script mode.
"""

import functools
import os
import sys
import traceback
import types
import warnings

from . import _stock

base_events, constants = map(_stock.Module, ("base_events", "constants"))

_PACKAGE = os.path.join(os.path.dirname(__file__), "")
_STARTS_PROGRAMS = os.path.join(_PACKAGE, "_script.py")


def _without_ours(entries, file_of):
    """The entries, innermost first, that are not this package's; none from before the program."""
    for entry in entries:
        file = file_of(entry)
        if file == _STARTS_PROGRAMS:
            return
        if not file.startswith(_PACKAGE):
            yield entry


def origin_of_call():
    """The traceback of who calls, as asyncio.format_helpers.extract_stack() has it."""
    return _origin(sys._getframe().f_back, [])


def origin_of_future():
    """The same, for a future that asyncio's loop.create_future() makes: its line comes last."""
    return _origin(sys._getframe().f_back, _create_future_entry())


def _origin(frame, last):
    frames = () if frame is None else traceback.walk_stack(frame)
    limit = _stock.get(constants, "DEBUG_STACK_DEPTH")
    stack = traceback.StackSummary.extract(
        _without_ours(frames, lambda entry: entry[0].f_code.co_filename),
        limit=None if limit is None else max(limit - len(last), 0),
        lookup_lines=False,
    )
    stack.reverse()
    stack += last
    return stack


class _DebuggedLoop:
    """As much of a loop as a future asks."""

    def get_debug(self):
        return True


@functools.cache
def _create_future_entry():
    """[the entry of asyncio's own create_future()], found by calling it; [] if it has none."""
    create_future = getattr(base_events.BaseEventLoop, "create_future", None)
    if create_future is None:
        return []
    future = create_future(_DebuggedLoop())
    return (future._source_traceback or [])[-1:]


def hide_from_coroutines():
    """Have "coroutine was never awaited" say where it was created without frames of ours.

    The interpreter notes frames itself, and gives them to a function of warnings, which reads them
    through reversed(). The function's copy has another one of that name; a function around it would
    be a frame more, and the warning would be at the wrong line.
    """
    stock = getattr(warnings, "_warn_unawaited_coroutine", None)
    if isinstance(stock, types.FunctionType):
        names = {**stock.__globals__, "reversed": _programs_part}
        warnings._warn_unawaited_coroutine = types.FunctionType(stock.__code__, names)


def _programs_part(origin):
    """reversed(), without frames of ours. Entries are (file, line, function), innermost first."""
    return reversed([*_without_ours(origin, lambda entry: entry[0])])
