"""One program, asyncio's own runtime and phaseloop's: the same transcript."""

import pytest
from registry import load, missing

PROGRAMS = load()
# Some programs wait for real timers, and a busy machine may put one off by an iteration, on either
# side. A difference counts if it shows every time; what is deterministic differs every time.
ATTEMPTS = 3


@pytest.mark.parametrize("runtime", ["native", "installed", "foreign"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_same_transcript_as_asyncio(name, runtime, run_on):
    if reason := missing(PROGRAMS[name]):
        pytest.skip(reason)
    for _ in range(ATTEMPTS):
        given, wanted = run_on(runtime, name), run_on("asyncio", name)
        if given == wanted:
            return
    assert given == wanted
