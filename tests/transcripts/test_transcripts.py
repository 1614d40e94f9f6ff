"""One program on stock asyncio and on phaseloop: the same transcript, in both library modes."""

import gc

import programs_cancellation
import programs_combinators
import programs_errors
import programs_scheduling
import programs_tasks
import pytest
from transcripts_of import installed, native, programs_of, stock

PROGRAMS = [
    program
    for module in (
        programs_scheduling,
        programs_tasks,
        programs_cancellation,
        programs_combinators,
        programs_errors,
    )
    for program in programs_of(module)
]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
@pytest.mark.parametrize("flavour", [native, installed], ids=lambda flavour: flavour.__name__)
def test_same_transcript(program, flavour):
    gc.collect()  # what other tests have left would be warned about in the transcript
    expected = stock(program)
    assert expected, "a program that logs nothing proves nothing"
    assert flavour(program) == expected
