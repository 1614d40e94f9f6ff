"""Who is measured when: rounds in which the runtimes take turns, so that what drifts hits all."""

from dataclasses import dataclass, field

from harness.model import Absent, Sample


@dataclass
class Row:
    """All that was measured of one workload.

    samples: by runtime, one a round, in the order of the rounds. absent: reasons by runtime.
    """

    workload: object
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)


def run(workloads, runtimes, rounds, quick, progress):
    """A Row for each workload; measured A B C A B C …, one process each.

    progress(done, of, text) is called before each sample and once at the end.
    """
    taking_part = {row.name: [r for r in runtimes if row.plane in r.planes] for row in workloads}
    total = rounds * sum(map(len, taking_part.values()))
    done = 0
    rows = []
    for workload in workloads:
        row = Row(workload)
        for turn in range(rounds):
            for runtime in taking_part[workload.name]:
                progress(done, total, f"{workload.name}, {runtime.name}")
                done += 1
                _sample(row, runtime, turn, quick)
        if not quick:
            _complete(row, taking_part[workload.name])
        rows.append(row)
    progress(total, total, "")
    return rows


def _sample(row, runtime, turn, quick):
    if runtime.name in row.absent:
        return
    try:
        sample = row.workload.sample(runtime, quick)
    except Absent as reason:
        row.absent[runtime.name] = str(reason)
        row.samples.pop(runtime.name, None)  # ratios are taken round by round: all or none
        return
    row.samples.setdefault(runtime.name, []).append(sample)
    assert len(row.samples[runtime.name]) == turn + 1


def _complete(row, runtimes):
    """What is counted once, not timed: system calls an operation, where the workload can tell."""
    count = getattr(row.workload, "syscalls", None)
    if count is None:
        return
    for runtime in runtimes:
        try:
            samples = row.samples.get(runtime.name, ())
            calls = count(runtime) if samples else 0.0
        except Absent as reason:
            row.absent[f"{runtime.name}, system calls"] = str(reason)
            continue
        for sample in samples:
            sample.extra["syscalls_per_operation"] = calls
