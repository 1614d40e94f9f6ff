"""What changed between two results, with noise taken into account.

Machines differ from one day to the next, so it is ratios to asyncio, taken within each run, that
are compared; a ratio counts as changed only if the ranges of the two do not touch.
"""

from harness.result import BASE, cells, faster, is_floor
from harness.table import lines, times


def changes(old, new):
    """[(row, runtime, Figure before, Figure now)] of what differs beyond its spread."""
    before = {row["name"]: cells(row) for row in old["rows"]}
    found = []
    for row in new["rows"]:
        now = cells(row)
        for name in now:
            if name == BASE or is_floor(name):
                continue
            then = faster(before.get(row["name"], {}), name, BASE)
            here = faster(now, name, BASE)
            if then and here and here.differs_from(then):
                found.append((row["name"], name, then, here))
    return found


def compared(old, new):
    """How many ratios both results have."""
    before = {row["name"]: row["samples"] for row in old["rows"]}
    return sum(
        name in before.get(row["name"], {}) and BASE in before[row["name"]]
        for row in new["rows"]
        if BASE in row["samples"]
        for name in row["samples"]
        if name != BASE and not is_floor(name)
    )


def report(old, new):
    """The changes as text."""
    for what in ("python", "build", "processor", "kernel"):
        if old["facts"][what] != new["facts"][what]:
            yield f"not the same {what}: {old['facts'][what]}, now {new['facts'][what]}"
    found = changes(old, new)
    ratios = compared(old, new)
    yield f"{ratios} ratios to asyncio compared, {len(found)} changed beyond their spread"
    if found:
        yield ""
        yield from lines(
            ["", "loop", "before", "now", "change"],
            [
                [row, name, times(then), times(now), f"{now.median / then.median - 1:+.0%}"]
                for row, name, then, now in found
            ],
        )
