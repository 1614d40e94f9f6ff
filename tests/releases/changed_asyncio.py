"""phaseloop on releases of CPython that never were: asyncio with one thing missing or reshaped.

changed_asyncio.py PART PARTS     prints a line for each change that phaseloop does not bear, and
                                  how many of them it tried

What to change is found by looking: every name in asyncio's modules and classes that phaseloop's own
source or its extension module has, too. For each one a process is forked that makes the change,
imports phaseloop, and runs a program. The import must succeed. So must the program, on the loop
alone, after install() and with the legacy layer, wherever asyncio's own loop runs it with the same
change.
"""

import asyncio
import asyncio.base_events
import functools
import importlib.util
import os
import pkgutil
import re
import signal
import sys
import traceback
import types
import warnings
from pathlib import Path

WORD = re.compile(rb"[A-Za-z_][A-Za-z_0-9]+")
# Without these there is no asyncio for phaseloop to derive from.
FOUNDATION = {"BaseEventLoop", "Future", "Task"}
PATIENCE_SECONDS = 20  # for one change: a loop that never ends is a failure, too


# --- the changes ----------------------------------------------------------------------------------


def asyncio_modules():
    """asyncio, all of its modules that can be imported here, and its C module."""
    import _asyncio

    for found in pkgutil.iter_modules(asyncio.__path__):
        if not found.name.startswith(("windows", "proactor", "__", "tools")):
            importlib.import_module(f"asyncio.{found.name}")
    names = sorted(name for name in sys.modules if name.split(".")[0] == "asyncio")
    return [*(sys.modules[name] for name in names), _asyncio]


def words_of_phaseloop():
    """Every word in the package's source and in its extension module; imports neither."""
    folder = Path(importlib.util.find_spec("phaseloop").origin).parent
    files = [*folder.glob("*.py"), *folder.glob("legacy/*.py"), *folder.glob("_native*.so")]
    return {word.decode() for file in files for word in WORD.findall(file.read_bytes())}


def changes():
    """(description, function that makes the change), in an order that is always the same."""
    words = words_of_phaseloop()
    modules = asyncio_modules()
    seen = set()
    for module in modules:
        for name, value in sorted(vars(module).items()):
            if name not in words or name.startswith("__") or isinstance(value, types.ModuleType):
                continue
            yield f"{module.__name__} without {name}", functools.partial(delattr, module, name)
            if (name, id(value)) in seen:
                continue
            seen.add((name, id(value)))
            homes = [m for m in modules if vars(m).get(name) is value]
            if len(homes) > 1 and name not in FOUNDATION:
                yield f"no {name} anywhere", functools.partial(remove, homes, name)
            yield from shapes(homes, name, value)
            if isinstance(value, type):
                yield from changes_of_class(value, words)


def remove(homes, name):
    for home in homes:
        delattr(home, name)


def replace(homes, name, value):
    for home in homes:
        setattr(home, name, value)


def shapes(homes, name, value):
    """The same in another shape: functions without code, classes with one more slot."""
    if isinstance(value, types.FunctionType):
        yield f"{name}() not in Python", functools.partial(replace, homes, name, Opaque(value))
    elif isinstance(value, type) and "__slots__" in vars(value):
        yield f"{name} with one more slot", lambda: replace(homes, name, with_slot(value))


class Opaque:
    """A function whose code nobody can look at, as one written in C."""

    def __init__(self, function):
        self._function = function
        self.__name__ = function.__name__
        self.__qualname__ = function.__qualname__

    def __call__(self, *args, **kwargs):
        return self._function(*args, **kwargs)

    def __get__(self, instance, owner=None):
        return self if instance is None else types.MethodType(self, instance)


def with_slot(stock):
    """The class with a slot more, which lies before all others."""
    slots = {"__slots__", *stock.__slots__, "__dict__", "__weakref__"}
    namespace = {name: value for name, value in vars(stock).items() if name not in slots}
    namespace["__slots__"] = ("_aa", *stock.__slots__)
    return type(stock)(stock.__name__, stock.__bases__, namespace)


def changes_of_class(owner, words):
    if not owner.__module__.startswith("asyncio"):
        return
    for name, value in sorted(vars(owner).items()):
        if name not in words or name in ("__module__", "__dict__", "__doc__", "__slots__"):
            continue
        what = f"{owner.__module__}.{owner.__qualname__}"
        yield f"{what} without {name}", functools.partial(delattr, owner, name)
        if isinstance(value, types.FunctionType):
            opaque = Opaque(value)
            yield f"{what}.{name}() not in Python", functools.partial(setattr, owner, name, opaque)


# --- the program ----------------------------------------------------------------------------------


async def child(number):
    await asyncio.sleep(0)
    await asyncio.sleep(0.001)
    return number


async def program():
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    loop.call_later(0.001, done.set_result, "done")
    tasks = [loop.create_task(child(number)) for number in range(3)]
    assert await done == "done"
    assert [await task for task in tasks] == [0, 1, 2]


def run(factory):
    loop = factory()
    try:
        loop.run_until_complete(asyncio.wait_for(program(), 30))
    finally:
        loop.close()


def with_phaseloop():
    import phaseloop

    note("imported")
    run(phaseloop.new_event_loop)
    phaseloop.install()
    run(asyncio.new_event_loop)
    phaseloop.uninstall()
    from phaseloop import legacy

    legacy.enable()
    run(phaseloop.new_event_loop)
    legacy.disable()


def with_asyncio():
    run(asyncio.SelectorEventLoop)
    run(asyncio.new_event_loop)
    if hasattr(asyncio, "set_event_loop_policy"):  # as install() does
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            asyncio.set_event_loop_policy(asyncio.get_event_loop_policy())


# --- processes ------------------------------------------------------------------------------------


def note(text):
    os.write(sys.stderr.fileno(), f"{text}\n".encode())


def in_a_process(change, action):
    """(status, what it said) of a forked process that makes the change and does the action."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.dup2(writing, 2)
            signal.alarm(PATIENCE_SECONDS)
            change()
            action()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading, errors="replace") as said:
        text = said.read()
    return os.waitpid(pid, 0)[1], text


def changes_at_all(change):
    return in_a_process(change, lambda: None)[0] == 0  # types of C can't be changed


def main():
    part, parts = map(int, sys.argv[1:])
    chosen = list(changes())[part::parts]
    tried = 0
    for description, change in chosen:
        status, said = in_a_process(change, with_phaseloop)
        if status == 0:
            tried += 1
            continue
        if not changes_at_all(change):
            continue
        tried += 1
        lines = said.splitlines() or [""]
        if "imported" not in lines or in_a_process(change, with_asyncio)[0] == 0:
            print(f"{description}: {lines[-1]} (status {status})")
    print(f"{tried} changes")


if __name__ == "__main__":
    main()
