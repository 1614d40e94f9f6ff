"""A result: what a run found, in the shape that JSON files have and tables are made from."""

import json
from dataclasses import dataclass

from harness.spread import figure, ratio

BASE = "asyncio"  # what every ratio's other side is
OURS = "phaseloop"
FORMAT = 1


@dataclass(frozen=True)
class Cell:
    """One workload on one runtime. per_operation: a Figure, seconds of wall time."""

    per_operation: object
    cpu: object
    memory: object
    extra: dict
    times: list


def document(rows, facts, mode):
    """The JSON document of a run: every sample, so that anything can be computed again."""
    return {
        "format": FORMAT,
        "mode": mode,
        "facts": facts,
        "rows": [
            {
                "name": row.workload.name,
                "plane": row.workload.plane,
                "group": row.workload.group,
                "unit": row.workload.unit,
                "what": row.workload.what,
                "samples": {
                    name: [sample.as_dict() for sample in samples]
                    for name, samples in row.samples.items()
                },
                "absent": row.absent,
            }
            for row in rows
        ],
    }


def load(path):
    """The document in a JSON file. Raises ValueError if it is none of ours."""
    with open(path) as file:
        found = json.load(file)
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise ValueError(f"{path} is not a result of ./dev bench --json, format {FORMAT}")
    return found


def cells(row):
    """{runtime: Cell} of a row of the document."""
    return {name: _cell(samples) for name, samples in row["samples"].items()}


def _cell(samples):
    times = [sample["wall"] / sample["operations"] for sample in samples]
    names = {name for sample in samples for name in sample["extra"]}
    return Cell(
        figure(times),
        figure([sample["cpu"] / sample["operations"] for sample in samples]),
        figure([sample["memory"] for sample in samples]),
        {
            name: figure([sample["extra"][name] for sample in samples if name in sample["extra"]])
            for name in sorted(names)
        },
        times,
    )


def is_floor(name):
    """Floors take part in no comparison of loops."""
    return "floor" in name


def best_other(found):
    """The name of the fastest loop but ours and asyncio in this row; None if there is none."""
    others = [name for name in found if name not in (OURS, BASE) and not is_floor(name)]
    return min(others, key=lambda name: found[name].per_operation.median, default=None)


def floor_of(found):
    """The name of the fastest floor in this row; None if there is none."""
    return min(
        filter(is_floor, found), key=lambda name: found[name].per_operation.median, default=None
    )


def faster(found, name, than):
    """The Figure of how many times faster `name` is; None if one of them is absent."""
    if name not in found or than not in found:
        return None
    return ratio(found[than].times, found[name].times)
