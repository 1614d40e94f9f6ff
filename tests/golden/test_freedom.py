"""The check of what the document allows: it accepts what is free, and nothing else."""

import itertools
from pathlib import Path

import pytest
from freedom import allows

HERE = Path(__file__).parent
PROGRAMS = ["asyncio_wait", "asyncio_wait_timeout", "asyncio_gather", "asyncio_as_completed"]


def printed(program):
    return (HERE / "document" / f"{program}.txt").read_text()


def golden(program):
    return (HERE / "expected" / f"{program}.txt").read_text()


def permuted(text, lines):
    """The text with these adjacent lines in each order in turn."""
    block = "".join(f"{line}\n" for line in lines)
    assert block in text
    for order in itertools.permutations(lines):
        yield text.replace(block, "".join(f"{line}\n" for line in order))


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_golden_output_is_allowed(program):
    assert allows(program, printed(program), golden(program))


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_printed_output_is_allowed(program):
    assert allows(program, printed(program), printed(program))


@pytest.mark.parametrize(
    ("program", "lines"),
    [
        ("asyncio_wait", ["in phase 0", "in phase 1", "in phase 2"]),
        ("asyncio_wait_timeout", ["in phase 0", "in phase 1", "in phase 2"]),
        ("asyncio_wait_timeout", ["phase 1 canceled", "phase 2 canceled"]),
        ("asyncio_gather", ["in phase1", "in phase2"]),
        ("asyncio_as_completed", ["in phase 0", "in phase 1", "in phase 2"]),
    ],
)
def test_free_lines_may_stand_in_any_order(program, lines):
    for output in permuted(golden(program), lines):
        assert allows(program, printed(program), output)


def test_the_results_of_wait_may_stand_in_any_order():
    results = [f"phase {number} result" for number in range(3)]
    for order in itertools.permutations(results):
        output = golden("asyncio_wait").replace(f"{results!r}", f"{list(order)!r}")
        assert allows("asyncio_wait", printed("asyncio_wait"), output)


def test_either_spelling_is_allowed():
    program = "asyncio_wait_timeout"
    for output in (golden(program), golden(program).replace("cancel", "cancell")):
        assert allows(program, printed(program), output)


@pytest.mark.parametrize(
    ("program", "old", "new"),
    [
        # The order of completion is fixed in every program,
        ("asyncio_gather", "phase2\ndone with phase1\n", "phase1\ndone with phase2\n"),
        ("asyncio_wait", "phase 1\ndone with phase 2\n", "phase 2\ndone with phase 1\n"),
        ("asyncio_as_completed", "done with phase 2\nr", "done with phase 1\nr"),
        # as is the order of results, but for the set that wait() returns.
        ("asyncio_gather", "'phase1 result', 'phase2 ", "'phase2 result', 'phase1 "),
        ("asyncio_as_completed", "'phase 2 result', 'phase 1 ", "'phase 1 result', 'phase 2 "),
        # Results may change places, not values, number or kind.
        ("asyncio_wait", "'phase 0 result', ", ""),
        ("asyncio_wait", "'phase 0 result'", "'phase 3 result'"),
        ("asyncio_wait", "'phase 0 result', ", "'phase 0 result', 'phase 0 result', "),
        ("asyncio_wait", "results: [", "results: ("),
        # Lines that are free may change places only with those next to them,
        ("asyncio_wait", "waiting for phases to complete\nin phase 0",
         "in phase 0\nwaiting for phases to complete"),
        ("asyncio_wait", "in phase 2\ndone with phase 0", "done with phase 0\nin phase 2"),
        ("asyncio_wait_timeout", "exiting main\nphase 1 canceled\n",
         "phase 1 canceled\nexiting main\n"),
        # and none may be missing, be there twice, or say something else.
        ("asyncio_wait", "in phase 1\n", ""),
        ("asyncio_wait", "in phase 1\n", "in phase 1\nin phase 1\n"),
        ("asyncio_wait", "done with phase 0\n", ""),
        ("asyncio_wait_timeout", "phase 2 canceled\n", ""),
        ("asyncio_wait_timeout", "1 completed and 2", "2 completed and 1"),
        ("asyncio_wait_timeout", "canceling tasks", "cancelation of tasks"),
        ("asyncio_as_completed", "received answer 'phase 0 result'\n", ""),
        ("asyncio_gather", "starting main\n", ""),
        ("asyncio_gather", "result']\n", "result']"),
        ("asyncio_gather", "result']\n", "result']\n\n"),
        ("asyncio_gather", "starting main", "Starting main"),
    ],
)  # fmt: skip
def test_what_is_not_free_is_noticed(program, old, new):
    output = golden(program)
    assert old in output
    assert not allows(program, printed(program), output.replace(old, new))


def test_programs_are_not_taken_for_one_another():
    for one, other in itertools.permutations(PROGRAMS, 2):
        assert not allows(one, printed(one), golden(other))
