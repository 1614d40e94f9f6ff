"""Tables for people: one line a workload, ratios first."""

from harness.machine import sentence
from harness.result import BASE, OURS, best_other, cells, faster, floor_of, is_floor
from harness.runtimes import RIVALS, SERVERS

GAP = "  "
MEASURED = {*SERVERS, *(package for rival in RIVALS for package in rival.packages)}


def duration(seconds):
    """Nanoseconds to seconds, three digits."""
    for unit, size in (("s", 1), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def size(count):
    """Bytes, in the unit that leaves up to three digits."""
    for unit, bytes_ in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if count >= bytes_:
            return f"{count / bytes_:.3g} {unit}"
    return f"{count:.0f} B"


def times(figure):
    """A ratio, and its spread if that is worth a mention."""
    if figure is None:
        return "-"
    if figure.spread >= 0.1:
        return f"{figure.median:.3g}x ±{figure.spread:.0%}"
    return f"{figure.median:.3g}x"


def lines(header, body):
    """Columns as wide as their widest entry; the first to the left, the others to the right."""
    body = list(body)
    widths = [
        max(len(line[i]) for line in [header, *body] if len(line) > 1) for i in range(len(header))
    ]
    for line in [header, ["-" * width for width in widths], *body]:
        if len(line) == 1:
            yield f"\n{line[0]}"
            continue
        first = line[0].ljust(widths[0])
        rest = [text.rjust(width) for text, width in zip(line[1:], widths[1:], strict=True)]
        yield GAP.join([first, *rest]).rstrip()


def summary(document):
    """How phaseloop stands: its time, and how many times faster it is than the others."""
    header = ["", "phaseloop", "spread", "cpu", f"to {BASE}", "to uvloop", "to best other", "",
              "to floor", "memory"]  # fmt: skip
    return lines(header, _grouped(document, _summary_line))


def _summary_line(row, found):
    ours, best, floor = found.get(OURS), best_other(found), floor_of(found)
    return [
        row["name"],
        *(
            [
                duration(ours.per_operation.median),
                f"±{ours.per_operation.spread:.0%}",
                duration(ours.cpu.median),
            ]
            if ours
            else ["absent", "", ""]
        ),
        times(faster(found, OURS, BASE)),
        times(faster(found, OURS, "uvloop")),
        times(faster(found, OURS, best)),
        best or "-",
        times(faster(found, OURS, floor)),
        size(ours.memory.median) if ours else "-",
    ]


def everything(document):
    """Wall time of an operation on every runtime, with operations a second of the fastest loop."""
    names = list(dict.fromkeys(name for row in document["rows"] for name in row["samples"]))

    def line(row, found):
        each = [duration(found[n].per_operation.median) if n in found else "absent" for n in names]
        loops = [cell.per_operation.median for n, cell in found.items() if not is_floor(n)]
        return [row["name"], row["unit"], *each, f"{1 / min(loops):,.0f}" if loops else "-"]

    return lines(["", "each", *names, "best, each/s"], _grouped(document, line))


def extras(document):
    """Further figures of the rows that have some: latencies, bytes a task, system calls."""
    body = []
    for row in document["rows"]:
        for name, cell in cells(row).items():
            for what, figure in cell.extra.items():
                body.append([row["name"], name, what, _extra(what, figure.median)])
    return lines(["", "on", "figure", "median"], body) if body else []


def _extra(what, value):
    if what.startswith("latency"):
        return duration(value)
    return size(value) if what.startswith("bytes") else f"{value:.3g}"


def absent(document):
    """Who has no figure where, and why; a reason that holds everywhere is said once."""
    places = {}
    for row in document["rows"]:
        for name, reason in row["absent"].items():
            places.setdefault((name, reason), []).append(row["name"])
    for (name, reason), rows in places.items():
        where = "everywhere" if len(rows) == len(document["rows"]) else ", ".join(rows)
        yield f"{name} absent ({where}): {reason}"


def _grouped(document, make_line):
    group = None
    for row in document["rows"]:
        if row["group"] != group:
            group = row["group"]
            yield [group]
        yield make_line(row, cells(row))


def report(document):
    """The whole text of a result."""
    yield sentence(document["facts"])
    versions = document["facts"]["versions"]
    packages = {name: found for each in versions.values() for name, found in each.items()}
    yield ", ".join(f"{name} {packages[name]}" for name in sorted(packages) if name in MEASURED)
    yield "\nphaseloop, and how many times faster it is (above 1x: faster)\n"
    yield from summary(document)
    yield "\n\nwall time of one operation\n"
    yield from everything(document)
    if more := list(extras(document)):
        yield "\n\nfurther figures\n"
        yield from more
    if reasons := list(absent(document)):
        yield "\n"
        yield from reasons
