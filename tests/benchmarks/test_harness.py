"""The harness itself: what it says of figures, in which order it measures, and what it notices."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from harness import charts, compare, floor, process, result, schedule, table
from harness.model import Absent, Runtime, Sample
from harness.spread import figure, ratio
from task.workloads import workloads

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
PATH = f"{BENCHMARKS}:{Path(__file__).parent}"
FACTS = {
    "taken": "2026-01-01T00:00:00+00:00", "processor": "one", "machine": "x86_64", "cores": 2,
    "virtual": True, "kernel": "6", "load": 0.0, "python": "3.14.0", "compiler": "GCC",
    "build": "PGO", "versions": {"uvloop": {"uvloop": "0.23.0"}},
}  # fmt: skip


def runtime(name, setup="asyncio:new_event_loop"):
    return Runtime(name, Path(sys.executable), setup, PATH)


@dataclass
class Given:
    """A workload with figures made up: {runtime: [seconds of a round]}."""

    figures: dict
    order: list
    name: str = "given"
    plane: str = "task"
    group: str = "group"
    unit: str = "thing"
    what: str = "made up"

    def sample(self, runtime, quick):
        self.order.append(runtime.name)
        values = self.figures[runtime.name]
        if isinstance(values, str):
            raise Absent(values)
        return Sample(1, values[self.order.count(runtime.name) - 1], 0.5, 1024)


def measured(figures):
    """The document of a run with these figures."""
    rounds = max(len(values) for values in figures.values() if not isinstance(values, str))
    row = Given(figures, [])
    rows = schedule.run([row], [runtime(n) for n in figures], rounds, False, lambda *_: None)
    return result.document(rows, FACTS, "full")


# --- figures -----------------------------------------------------------------------------------


def test_a_figure_is_the_median_and_the_range():
    found = figure([3.0, 1.0, 2.0])
    assert (found.median, found.low, found.high) == (2.0, 1.0, 3.0)
    assert found.spread == 0.5


def test_many_figures_are_judged_by_their_quartiles():
    found = figure([1.0, *[10.0] * 9, 1000.0])
    assert (found.median, found.low, found.high) == (10.0, 10.0, 10.0)


def test_figures_differ_only_beyond_their_ranges():
    assert figure([1, 2, 3]).differs_from(figure([4, 5]))
    assert figure([4, 5]).differs_from(figure([1, 2, 3]))
    assert not figure([1, 2, 3]).differs_from(figure([3, 4]))


def test_ratios_are_taken_round_by_round():
    # The machine was three times slower in the second round, for both.
    found = ratio([2.0, 6.0], [1.0, 3.0])
    assert (found.low, found.high) == (2.0, 2.0)


# --- order -------------------------------------------------------------------------------------


def test_the_runtimes_take_turns():
    row = Given({name: [1.0] * 3 for name in "ABC"}, [])
    schedule.run([row], [runtime(n) for n in "ABC"], 3, False, lambda *_: None)
    assert row.order == list("ABCABCABC")


def test_progress_counts_to_the_end():
    seen = []
    row = Given({"A": [1.0] * 2, "B": "nothing there"}, [])
    schedule.run([row], [runtime(n) for n in "AB"], 2, False, lambda *told: seen.append(told[:2]))
    assert seen == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]


def test_who_is_absent_is_asked_once_and_named_with_the_reason():
    row = Given({"A": [1.0, 1.0], "B": "no such method"}, [])
    rows = schedule.run([row], [runtime(n) for n in "AB"], 2, False, lambda *_: None)
    assert row.order == ["A", "B", "A"]
    assert rows[0].absent == {"B": "no such method"}
    text = "\n".join(table.report(result.document(rows, FACTS, "full")))
    assert "B absent (everywhere): no such method" in text


# --- processes ---------------------------------------------------------------------------------


def test_a_deliberately_slow_loop_is_found_slow():
    rows = [row for row in workloads(True) if row.name == "call_soon"]
    loops = [runtime("asyncio"), runtime("phaseloop", "slow_loop:slow")]
    document = result.document(schedule.run(rows, loops, 2, True, lambda *_: None), FACTS, "quick")
    found = result.cells(document["rows"][0])
    # 50 µs a call at least, whatever the machine does; asyncio takes one or two, or is held up.
    assert result.faster(found, "phaseloop", "asyncio").median < 1
    assert found["phaseloop"].per_operation.low > 50e-6


def test_what_a_loop_lacks_is_absence_and_named():
    row = next(row for row in workloads(True) if row.name == "timer_cancel")
    with pytest.raises(Absent, match="NotImplementedError: call_later"):
        row.sample(runtime("lacking", "slow_loop:lacking"), True)


def test_an_error_of_the_sample_is_the_reason():
    with pytest.raises(Absent, match="no_such_module"):
        process.answer([sys.executable, "-c", "import no_such_module"])


def test_a_killed_sample_is_absence():
    with pytest.raises(Absent, match="SIGKILL"):
        process.answer([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"])


def test_a_sample_that_hangs_is_ended():
    with pytest.raises(Absent, match="not finished after"):
        process.answer([sys.executable, "-c", "import time; time.sleep(60)"], limit=0.2)


def test_every_row_runs_on_asyncio_and_on_its_floor():
    """Each once, with a few operations: none is wrong by itself."""
    bare = floor.runtime()
    for row in workloads(False):
        if row.since > sys.version_info[:2]:
            continue
        for where in (runtime("asyncio"), *([bare] if row.floor else [])):
            command = row.command(where, min(row.count, 2000))
            found = process.answer(command, variables={"PYTHONPATH": where.path})
            assert found["operations"] > 0 and found["wall"] > 0, row.name


# --- results -----------------------------------------------------------------------------------


def test_the_table_names_the_best_other_and_leaves_the_floor_out():
    document = measured(
        {"asyncio": [8.0], "uvloop": [4.0], "zuvloop": [2.0], "phaseloop": [1.0], "floor": [0.5]}
    )
    line = next(line for line in table.summary(document) if line.startswith("given"))
    assert line.split()[1:] == "1 s ±0% 500 ms 8x 4x 2x zuvloop 0.5x 1 KiB".split()


def test_a_result_survives_its_file(tmp_path):
    document = measured({"asyncio": [2.0, 2.1], "phaseloop": [1.0, 1.1]})
    file = tmp_path / "result.json"
    file.write_text(json.dumps(document))
    assert result.load(file) == document


def test_only_changes_beyond_the_spread_are_reported():
    old = measured({"asyncio": [8.0, 8.0], "phaseloop": [1.0, 1.1], "uvloop": [4.0, 4.4]})
    new = measured({"asyncio": [8.0, 8.0], "phaseloop": [2.0, 2.2], "uvloop": [4.2, 4.0]})
    assert [(row, name) for row, name, *_ in compare.changes(old, new)] == [("given", "phaseloop")]
    text = "\n".join(compare.report(old, new))
    assert "2 ratios to asyncio compared, 1 changed" in text and "-50%" in text


def test_a_slower_machine_is_no_change():
    old = measured({"asyncio": [8.0, 8.1], "phaseloop": [1.0, 1.01]})
    new = measured({"asyncio": [16.0, 16.1], "phaseloop": [2.0, 2.01]})
    assert compare.changes(old, new) == []


def test_charts_are_written_and_the_same_each_time(tmp_path):
    document = measured({"asyncio": [8.0, 8.1], "uvloop": [4.0, 4.0], "phaseloop": [1.0, 1.2]})
    written = charts.draw(document, tmp_path / "a")
    assert [path.name for path in written] == ["task-3.14.svg", "task-3.14.png"]
    again = charts.draw(document, tmp_path / "b")
    assert [p.read_bytes() for p in written] == [p.read_bytes() for p in again]
    assert "phaseloop" in written[0].read_text() or "<svg" in written[0].read_text()


# --- the command -------------------------------------------------------------------------------


def bench(*arguments):
    command = [sys.executable, str(BENCHMARKS / "bench.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--loops", "asyncio,nosuch"], "no loop 'nosuch': asyncio, uvloop"),
        (["--plane", "moon"], "invalid choice: 'moon'"),
        (["--rounds", "0"], "--rounds: at least 1"),
        (["--rows", "nosuchrow", "--plane", "task", "--list"], "no row of that name"),
        (["--compare", "a", "b", "c"], "one or two files"),
        (["--compare", "/nonexistent.json"], "No such file"),
    ],
)
def test_bad_arguments_are_told(arguments, complaint):
    done = bench(*arguments)
    assert done.returncode != 0
    assert complaint in done.stderr and "Traceback" not in done.stderr


def test_a_file_that_is_no_result_is_told(tmp_path):
    (tmp_path / "x.json").write_text("{}")
    done = bench("--compare", tmp_path / "x.json")
    assert "is not a result" in done.stderr and done.returncode != 0


def test_two_results_are_compared_without_measuring(tmp_path):
    for name, seconds in (("old", 1.0), ("new", 3.0)):
        document = measured({"asyncio": [8.0], "phaseloop": [seconds]})
        (tmp_path / f"{name}.json").write_text(json.dumps(document))
    done = bench("--compare", tmp_path / "old.json", tmp_path / "new.json")
    assert done.returncode == 0
    assert "1 changed beyond their spread" in done.stdout


def test_the_rows_are_listed():
    listed = bench("--list", "--plane", "task").stdout
    assert "gather_1000" in listed and "sleep_1000000" in listed
