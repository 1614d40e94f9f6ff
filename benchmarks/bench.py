#!/usr/bin/env python3
"""./dev bench: phaseloop beside everything a user would pick instead, measured in one run."""

import argparse
import contextlib
import json
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from harness import (
    charts,
    compare,
    floor,
    instructions,
    machine,
    result,
    runtimes,
    schedule,
    table,
)
from harness.model import Absent

PLANES = ("task", "network", "start")
ROUNDS = {"quick": 3, "full": 5}
QUICK_LOOPS = ("asyncio", "uvloop", "zuvloop", "phaseloop")


def arguments():
    parser = argparse.ArgumentParser(
        prog="./dev bench",
        description=__doc__,
        epilog="Every sample is a fresh process; loops take turns (A B C A B C ...), so that what "
        "drifts hits all alike. Ratios are taken round by round. --python X.Y chooses the "
        "interpreter. Figures of different runs should be compared by --compare only.",
    )
    add = parser.add_argument
    add("--quick", action="store_true", help="the rows that matter most; under two minutes")
    add("--plane", action="append", choices=PLANES, help="only this part (may be repeated)")
    add("--rows", metavar="A,B", help="only these rows (parts of names will do)")
    add("--loops", metavar="A,B", help=f"only these: {', '.join(runtimes.NAMES)}, floor")
    add("--rounds", type=int, metavar="N", help="samples of each figure (quick 3, full 5)")
    add("--json", type=Path, metavar="FILE", help="write the result there as well")
    add("--charts", type=Path, metavar="FOLDER", help="draw SVG and PNG charts into it")
    add("--compare", type=Path, nargs="+", metavar="FILE",
        help="say what changed since that result; with a second file, compare the two and "
        "measure nothing")  # fmt: skip
    add(
        "--instructions",
        action="store_true",
        help="count instructions of the task rows under callgrind, which repeats exactly; slow",
    )
    add("--refresh", action="store_true", help="install the newest rivals anew")
    add("--list", action="store_true", help="list the rows, and measure nothing")
    given = parser.parse_args()
    if given.rounds is not None and given.rounds < 1:
        parser.error("--rounds: at least 1")
    if given.compare and len(given.compare) > 2:
        parser.error("--compare: one or two files")
    known = (*runtimes.NAMES, "floor")
    for name in (given.loops or "").split(","):
        if name and name not in known:
            parser.error(f"no loop '{name}': {', '.join(known)}")
    return given


def chosen_workloads(given):
    """The rows asked for. Planes are imported only if they are measured."""
    found = []
    for plane in given.plane or PLANES:
        with contextlib.suppress(Absent):
            found += _plane(plane).workloads(given.quick)
    if given.rows:
        parts = given.rows.split(",")
        found = [row for row in found if any(part in row.name for part in parts)]
    if not found:
        raise SystemExit("./dev bench: no row of that name; --list shows them")
    return found


def _plane(plane):
    return __import__(f"{plane}.workloads", fromlist=["workloads"])


def chosen_runtimes(given, planes):
    """(the Runtimes that take part, {name: reason} of those that can't)."""
    names = given.loops.split(",") if given.loops else (*runtimes.NAMES, "floor")
    if given.quick and not given.loops:
        names = (*QUICK_LOOPS, "floor")
    found, refused = [], {}
    for rival in runtimes.RIVALS:
        if rival.name in names and set(rival.planes) & planes:
            say(f"environment of {rival.name}")
            try:
                found.append(runtimes.environment(rival, given.refresh))
            except Absent as reason:
                refused[rival.name] = str(reason)
    if "floor" in names:
        found += _floors(planes, refused)
    return found, refused


def _floors(planes, refused):
    floors = []
    for plane, make in (("task", lambda: [floor.runtime()]),
                        ("network", lambda: _plane("network").floors())):  # fmt: skip
        if plane in planes:
            try:
                floors += make()
            except Absent as reason:
                refused[f"{plane} floor"] = str(reason)
    return floors


def say(text):
    """Progress: on a terminal one line that is overwritten, otherwise nothing."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


class Progress:
    """What is being measured and how long it will take, on standard error."""

    def __init__(self):
        self.start = time.monotonic()
        self.shown = 0.0

    def __call__(self, done, total, text):
        passed = time.monotonic() - self.start
        left = f", {passed / done * (total - done):.0f} s left" if done else ""
        line = f"{done}/{total}{left}  {text}"
        if sys.stderr.isatty():
            say(line if done < total else "")
        elif passed - self.shown >= 10 or done == total:
            self.shown = passed
            print(line, file=sys.stderr, flush=True)


def measure(given):
    """A document with all that was asked for."""
    workloads = chosen_workloads(given)
    planes = {row.plane for row in workloads}
    chosen, refused = chosen_runtimes(given, planes)
    mode = "quick" if given.quick else "full"
    facts = machine.facts()
    rows = schedule.run(workloads, chosen, given.rounds or ROUNDS[mode], given.quick, Progress())
    for row in rows:
        row.absent |= refused
    return result.document(rows, facts, mode)


def count_instructions(given):
    """A table of the instructions that one operation takes."""
    given.plane = ["task"]
    rows = chosen_workloads(given)
    loops, refused = chosen_runtimes(given, {"task"})
    body = []
    for row in rows:
        line = [row.name]
        for runtime in loops:
            say(f"counting {row.name}, {runtime.name}")
            try:
                line.append(f"{instructions.per_operation(row, runtime):,.0f}")
            except Absent:
                line.append("absent")
        body.append(line)
    say("")
    print("instructions of one operation\n")
    print("\n".join(table.lines(["", *(runtime.name for runtime in loops)], body)))
    for name, reason in refused.items():
        print(f"{name} absent: {reason}")


def main():
    given = arguments()
    if given.list:
        for row in chosen_workloads(given):
            print(f"{row.plane:8} {row.group:16} {row.name:30} {row.what}")
        return
    try:
        old = [result.load(path) for path in given.compare or ()]
    except (OSError, ValueError) as trouble:
        raise SystemExit(f"./dev bench: {trouble}") from None
    if given.instructions:
        return count_instructions(given)
    document = old[1] if len(old) == 2 else measure(given)
    if len(old) < 2:
        print("\n".join(table.report(document)))
    if given.json:
        given.json.write_text(json.dumps(document, indent=1) + "\n")
    if given.charts:
        for path in charts.draw(document, given.charts):
            print(os.path.relpath(path))
    if old:
        print("\n" + "\n".join(compare.report(old[0], document)))


if __name__ == "__main__":
    main()
