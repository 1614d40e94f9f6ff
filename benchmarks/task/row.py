"""A row of the task plane: a coroutine function that does something a given number of times."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.model import Absent, Sample
from harness.process import answer, cores

CHILD = Path(__file__).with_name("child.py")
ROWS = {}  # by name, in the order in which they are defined
QUICK_SHARE = 6  # quick mode does this part of the operations


@dataclass(frozen=True)
class Row:
    """run(count): does it `count` times on the running loop; may return further figures by name.

    floor(count): the same coroutines without a loop, on the bare one. since: the first version of
    Python that has it. quick: part of quick mode. threads: it needs more than one core.
    """

    name: str
    group: str
    unit: str
    what: str
    count: int
    run: Callable
    floor: Callable | None = None
    since: tuple[int, int] = (3, 11)
    quick: bool = False
    threads: bool = False
    plane: str = "task"

    def sample(self, runtime, quick):
        if sys.version_info < self.since:
            raise Absent("Python {}.{} on".format(*self.since))
        if runtime.floor and self.floor is None:
            raise Absent("no floor: there is nothing but the loop's work in it")
        count = max(1, self.count // QUICK_SHARE) if quick else self.count
        found = answer(
            self.command(runtime, count),
            core=None if self.threads else cores()[-1],
            variables={"PYTHONPATH": runtime.path},
        )
        return Sample(**found)

    def command(self, runtime, count):
        """The command line of one sample of so many operations."""
        return [runtime.python, CHILD, self.name, runtime.setup or "floor", count]


def row(group, count, unit="operation", **options):
    """Defines the row named as the coroutine function is; its docstring is what is measured."""

    def define(run):
        name = run.__name__
        ROWS[name] = Row(name, group, unit, run.__doc__.splitlines()[0], count, run, **options)
        return run

    return define
