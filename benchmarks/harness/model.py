"""The words of a benchmark: a workload is measured on a runtime, once for each sample."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol


class Absent(Exception):
    """A runtime has no figure in this row. The text is the reason, short enough for a table."""


@dataclass(frozen=True)
class Runtime:
    """What is measured: an event loop in an environment of its own, or a floor.

    name: what the table calls it, such as "uvloop".
    python: the interpreter of its environment, where the loop is installed.
    setup: "module:function" of a function of no arguments that makes a loop. Empty for a floor.
    path: what PYTHONPATH holds while it runs.
    floor: it is no event loop, but the least that the work itself takes.
    planes: those in whose rows it takes part.
    """

    name: str
    python: Path
    setup: str = ""
    path: str = ""
    floor: bool = False
    planes: tuple[str, ...] = ("task", "network", "start")


@dataclass
class Sample:
    """One measurement, in a fresh process.

    operations: how many were done; what one is, the workload says.
    wall, cpu: seconds; cpu is user and system time of the process measured, all its threads.
    memory: its peak resident size, bytes.
    extra: further figures by name, such as {"latency_p99": seconds}.
    """

    operations: int
    wall: float
    cpu: float
    memory: int
    extra: dict[str, float] = field(default_factory=dict)

    def as_dict(self):
        return asdict(self)


class Workload(Protocol):
    """One row of the table.

    name: short and unique, such as "gather". plane: "task", "network" or "start".
    group: a heading above its rows. unit: what one operation is, such as "task".
    what: one line for a reader who wonders what is measured.
    """

    name: str
    plane: str
    group: str
    unit: str
    what: str

    def sample(self, runtime: Runtime, quick: bool) -> Sample:
        """Measure once. Takes a second or so, a third of it if quick. Raises Absent."""
