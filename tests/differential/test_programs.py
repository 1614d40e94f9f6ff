"""One program, asyncio's own runtime and phaseloop's: the same transcript."""

import pytest
from registry import load, missing

PROGRAMS = load()


@pytest.mark.parametrize("runtime", ["native", "installed", "foreign"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_same_transcript_as_asyncio(name, runtime, run_on):
    if reason := missing(PROGRAMS[name]):
        pytest.skip(reason)
    assert run_on(runtime, name) == expected(name, run_on)


_expected = {}


def expected(name, run_on):
    """What asyncio itself gives; asked once for all runtimes."""
    if name not in _expected:
        _expected[name] = run_on("asyncio", name)
    return _expected[name]
