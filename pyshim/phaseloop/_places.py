"""Where asyncio's own coroutines would stand: the code and the line in its source of what a native
coroutine is doing. Tracebacks, reprs, call graphs and whoever walks along cr_await are told of it.

A native coroutine knows its place as a path of hops, the outermost function first, each with what
it is at:

    Barrier.wait@2 Barrier._wait@0 Condition.wait_for@0

FUNCTION@N     its await number N, counted from 0 in the order of the code
FUNCTION@enter, FUNCTION@exit   what an `async with` of it begins and ends with
FUNCTION@yield                  where it yields
FUNCTION@call:NAME[:N]          its call of something so named (the last, or number N)
FUNCTION@raise:NAME[:N]         its statement that raises something so named (the same)
FUNCTION       where it begins

What is asked is the code of the running release; a hop that it does not have is where the function
begins. Nothing of this runs before somebody looks, or an error passes through.
"""

import dis
import functools
import types

from . import _native, _stock

_MODULES = [
    _stock.Module(name)
    for name in (
        "tasks",
        "locks",
        "queues",
        "streams",
        "timeouts",
        "mixins",
        "selector_events",
    )
]
# Functions that asyncio's coroutines call where ours do without, and which raise errors.
_HELPERS = {
    "_get_loop": "_LoopBoundMixin._get_loop",
    "release": "Lock.release",
    "get_nowait": "Queue.get_nowait",
    "put_nowait": "Queue.put_nowait",
}


class _Function:
    """As much of a function as frames are made of."""

    __slots__ = ("code", "globals")

    def __init__(self, code, names):
        self.code = code
        self.globals = names


def _look_up(name):
    """asyncio's _Function of that qualified name; None if the running release has none."""
    outer, _, inner = name.partition(".<locals>.")
    first, *rest = outer.split(".")
    for module in _MODULES:
        found = getattr(module._module, first, None)
        for part in rest:
            found = getattr(found, part, None)
        code = getattr(found, "__code__", None)
        if inner:
            code = _stock.nested(found).get(inner)
        if isinstance(code, types.CodeType):
            return _Function(code, found.__globals__)
    return None


# Looked up now: later there may be other functions under these names, wrapped by the program.
_FUNCTIONS = {
    name: _look_up(name)
    for name in (
        "sleep",
        "__sleep0",
        "wait",
        "_wait",
        "wait_for",
        "as_completed.<locals>._wait_for_one",
        "_AsCompletedIterator.__anext__",
        "_AsCompletedIterator._wait_for_one",
        "_ContextManagerMixin.__aenter__",
        "_ContextManagerMixin.__aexit__",
        "_LoopBoundMixin._get_loop",
        "Lock.acquire",
        "Lock.release",
        "Event.wait",
        "Condition.wait",
        "Condition.wait_for",
        "Semaphore.acquire",
        "Barrier.__aenter__",
        "Barrier.wait",
        "Barrier._block",
        "Barrier._wait",
        "Queue.put",
        "Queue.get",
        "Queue.join",
        "Queue.put_nowait",
        "Queue.get_nowait",
        "Timeout.__aenter__",
        "Timeout.__aexit__",
        "FlowControlMixin._drain_helper",
        "StreamReader.__anext__",
        "StreamReader._wait_for_data",
        "StreamReader.read",
        "StreamReader.readexactly",
        "StreamReader.readline",
        "StreamReader.readuntil",
        "StreamWriter.drain",
        "StreamWriter.wait_closed",
        *(
            f"BaseSelectorEventLoop.{name}"
            for name in (
                "sock_accept",
                "sock_recv",
                "sock_recv_into",
                "sock_recvfrom",
                "sock_recvfrom_into",
                "sock_sendall",
                "sock_sendto",
                "_sock_accept",
                "_sock_recv",
                "_sock_recv_into",
                "_sock_recvfrom",
                "_sock_recvfrom_into",
                "_sock_sendall",
                "_sock_sendto",
            )
        ),
    )
}


def _bare(code):
    """The code for a frame that nothing runs: without the variables of a closure, which the
    interpreter would look for.
    """
    if code.co_freevars or code.co_cellvars:
        return code.replace(co_freevars=(), co_cellvars=())
    return code


# --- finding a hop ----------------------------------------------------------------------------

_AWAITS = {"enter": 1, "exit": 2}


def _awaits(steps, kind):
    return [step for step in steps if step.opname == "GET_AWAITABLE" and (step.arg or 0) == kind]


def _raises(steps, name):
    """The statements that raise `name`: it is among what they load."""
    lines = {step.positions.lineno for step in steps if step.argval == name}
    return [
        step
        for step in steps
        if step.opname == "RAISE_VARARGS"
        and step.arg
        and not lines.isdisjoint(range(step.positions.lineno, step.positions.end_lineno + 1))
    ]


def _calls(steps, name):
    """The calls of `name`: the first that comes after it has been loaded."""
    found, loaded = [], False
    for step in steps:
        if step.argval == name and step.opname.startswith("LOAD_"):
            loaded = True
        elif loaded and step.opname.startswith("CALL"):
            found.append(step)
            loaded = False
    return found


def _found(steps, what):
    """The instructions that the part of a hop behind its @ may mean, and the number of the one."""
    kind, *rest = what.split(":")
    if kind.isdecimal():
        return _awaits(steps, 0), int(kind)
    if kind in _AWAITS:
        return _awaits(steps, _AWAITS[kind]), 0
    if kind == "yield":
        return [step for step in steps if step.opname == "YIELD_VALUE"], 0
    if kind in ("raise", "call"):
        find = _raises if kind == "raise" else _calls
        return find(steps, rest[0]), int(rest[1]) if rest[1:] else -1
    return [], 0


@functools.cache
def _steps(name):
    function = _FUNCTIONS.get(name)
    return [] if function is None else list(dis.get_instructions(function.code))


@functools.cache
def _hop(text):
    """(function, offset of the instruction, line); None if asyncio has no such function."""
    name, _, what = text.partition("@")
    function = _FUNCTIONS.get(name)
    if function is None:
        return None
    found, number = _found(_steps(name), what)
    if -len(found) <= number < len(found):
        step = found[number]
        if step.positions is not None and step.positions.lineno is not None:
            return function, step.offset, step.positions.lineno
    return function, 0, function.code.co_firstlineno


# --- frames -----------------------------------------------------------------------------------


@functools.cache
def _code_at(function, line):
    """The function's code, moved so that a frame which has not begun stands at that line."""
    code = _bare(function.code)
    begins = _native.new_frame(code, function.globals).f_lineno
    return code.replace(co_firstlineno=code.co_firstlineno + line - begins)


@functools.cache
def _traced_frame(function):
    """For entries of tracebacks, which know their line themselves: one for all."""
    return _native.new_frame(_bare(function.code), function.globals)


# --- what C++ asks ----------------------------------------------------------------------------


def code(path):
    """cr_code of a coroutine at that place."""
    function = _FUNCTIONS.get(path.partition("@")[0])
    return None if function is None else function.code


def frame(path):
    """cr_frame of a coroutine at that place."""
    hop = _hop(path.partition(" ")[0])
    if hop is None:
        return None
    function, _, line = hop
    return _native.new_frame(_code_at(function, line), function.globals)


def awaits(path, awaited):
    """cr_await of a coroutine that is suspended at that place, where it awaits `awaited`."""
    inner = path.partition(" ")[2]
    return _Awaited(inner, awaited) if inner else awaited


def sleeping_zero():
    """cr_await of sleep(0): the generator that yields once."""
    function = _FUNCTIONS["__sleep0"]
    generator = types.FunctionType(function.code, function.globals)()
    next(generator)
    return generator


@functools.cache
def trace(path):
    """(frame, offset, line) of each hop, innermost first: what an error at that place passes."""
    hops = [_hop(text) for text in path.split()]
    return tuple((_traced_frame(hop[0]), *hop[1:]) for hop in reversed(hops) if hop)


@functools.cache
def raised(path, name):
    """The path to where an error called `name` is raised by one of the functions of `path`, or by a
    helper of theirs; `path` itself where none is known to raise it. `name` may have a number, as in
    a hop.
    """
    hops, text = path.split(), name.partition(":")[0]
    for i in reversed(range(len(hops))):
        function = hops[i].partition("@")[0]
        steps = _steps(function)
        if _raises(steps, text):
            return " ".join([*hops[:i], f"{function}@raise:{name}"])
        for called, helper in _HELPERS.items():
            if _calls(steps, called) and _raises(_steps(helper), text):
                return " ".join([*hops[:i], f"{function}@call:{called}", f"{helper}@raise:{name}"])
    return path


class _Awaited:
    """A coroutine that asyncio's would be suspended in, and ours does without: to be looked at."""

    cr_running, cr_suspended, cr_origin = False, True, None

    def __init__(self, path, awaited):
        self._path = path
        self.__qualname__ = path.partition("@")[0]
        self.__name__ = self.__qualname__.rpartition(".")[2]
        self.cr_await = awaits(path, awaited)

    def __repr__(self):
        return f"<coroutine object {self.__qualname__} at {id(self):#x}>"

    @property
    def __class__(self):
        return types.CoroutineType

    @property
    def cr_code(self):
        return code(self._path)

    @property
    def cr_frame(self):
        return frame(self._path)
