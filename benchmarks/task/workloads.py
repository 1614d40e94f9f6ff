"""All rows of the task plane, in the order of the table."""

from task.row import ROWS
from task.rows import combinators, document, loop, primitives, tasks, timers, trees

_ORDER = [m.__name__ for m in (tasks, combinators, primitives, timers, loop, trees, document)]


def workloads(quick):
    """The rows to measure."""
    rows = sorted(ROWS.values(), key=lambda row: _ORDER.index(row.run.__module__))
    return [row for row in rows if row.quick or not quick]
