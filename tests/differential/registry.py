"""The programs that are compared: every function marked @program in the modules of programs/."""

import importlib
import sys
from pathlib import Path

FOLDER = Path(__file__).parent / "programs"
_found = {}


def program(function=None, *, since=(3, 11)):
    """Mark a function of one argument, the transcript, as a program to compare.

    `since`: the first version of Python whose asyncio has what it is about.
    """
    if function is None:
        return lambda function: program(function, since=since)
    function.since = since
    topic = function.__module__.rpartition(".")[2]
    name = f"{topic}.{function.__name__}"
    if name in _found:
        raise ValueError(f"two programs are called {name}")
    _found[name] = function
    return function


def load():
    """Every program by its name, topic.function."""
    for file in sorted(FOLDER.glob("*.py")):
        importlib.import_module(f"programs.{file.stem}")
    return dict(_found)


def missing(function):
    """Why this Python can't run the program; None if it can."""
    if sys.version_info >= function.since:
        return None
    return f"asyncio has it since Python {'.'.join(map(str, function.since))}"
