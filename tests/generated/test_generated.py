"""Programs that nobody thought of: the same transcript on asyncio and on phaseloop."""

import gc
import os

import phaseloop
import pytest
from generated_program import run_program
from hypothesis import given, settings, strategies as st
from virtual_loop import VirtualLoop

EXAMPLES = int(os.environ.get("PHASELOOP_EXAMPLES", "1000"))
KINDS = """
sleep lock gate event set turn notify put get cancel gather wait completed each_in_time
wait_for timeout later shield group spawn await barrier var fail""".split()


@pytest.fixture(autouse=True, scope="module")
def thawed():
    """What transcript() freezes is ordinary again afterwards."""
    yield
    gc.unfreeze()


steps = st.tuples(st.sampled_from(KINDS), st.integers(0, 5), st.integers(0, 5))
tasks = st.tuples(st.lists(steps, min_size=1, max_size=5), st.booleans())
programs = st.lists(tasks, min_size=1, max_size=4)


def transcript(loop, program):
    """What happened, and at the end what the exception handler was told, in any order."""
    reports = []
    gc.freeze()  # collected below is what the program left, not all that hypothesis keeps
    try:
        log = loop.run_until_complete(run_program(program, reports))
        gc.collect()
        return [*log, sorted(reports)]
    finally:
        loop.close()


def installed(make_loop, program):
    phaseloop.install()
    try:
        return transcript(make_loop(), program)
    finally:
        phaseloop.uninstall()


def foreign_loop():
    """asyncio's loop, with tasks of phaseloop's."""
    loop = VirtualLoop()
    loop.set_task_factory(lambda loop, coro, **options: phaseloop.Task(coro, loop=loop, **options))
    return loop


@settings(max_examples=EXAMPLES, deadline=None)
@given(programs)
def test_a_program_gives_one_transcript(program):
    wanted = transcript(VirtualLoop(), program)
    assert transcript(phaseloop.Loop(virtual_time=True), program) == wanted
    assert installed(lambda: phaseloop.Loop(virtual_time=True), program) == wanted
    assert installed(foreign_loop, program) == wanted


def test_the_transcript_is_long_enough_to_tell():
    """The comparison is of something: a program with a known course."""
    program = [([("sleep", 2, 0), ("gather", 1, 0)], False), ([("cancel", 1, 0)], False)]
    log = transcript(VirtualLoop(), program)
    assert (0.0, "t1", "cancel", "True", 0) in log
    assert any("CancelledError('why',)" in str(entry) for entry in log)
    assert log[-1] == []
