"""Each system call of the data path fails, or falls short: nothing leaks, nothing hangs, and the
error surfaces where asyncio's would."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from under_faults import CASES, name_of

HERE = Path(__file__).parent
COMPILER = os.environ.get("CC") or shutil.which("gcc") or shutil.which("cc")
NAMES = [name_of(*case) for case in CASES]

pytestmark = pytest.mark.skipif(COMPILER is None, reason="there is no C compiler on this machine")


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """outcomes(runtime, at): what came of each case; one that is missing has killed it."""
    library = tmp_path_factory.mktemp("faults") / "failing_calls.so"
    subprocess.run(
        [COMPILER, "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror",
         str(HERE / "failing_calls.c"), "-o", str(library), "-ldl"],
        check=True,
    )  # fmt: skip
    preload = " ".join(filter(None, [os.environ.get("LD_PRELOAD"), str(library)]))
    known = {}

    def run(runtime, at):
        if (runtime, at) not in known:
            done = subprocess.run(
                [sys.executable, str(HERE / "under_faults.py"), runtime, str(at)],
                env={**os.environ, "LD_PRELOAD": preload},
                stdout=subprocess.PIPE,
                text=True,
                timeout=120,
            )
            known[runtime, at] = dict(map(json.loads, done.stdout.splitlines()))
            assert done.returncode == 0
        return known[runtime, at]

    return run


@pytest.mark.parametrize("name", NAMES)
def test_the_first_call_fails_as_in_asyncio(outcomes, name):
    wanted, given = outcomes("asyncio", 1)[name], outcomes("native", 1)[name]
    assert given["fired"] == 1, "no such call was made"
    assert given == wanted
    assert (given["left"], given["tasks"]) == (0, 0)


@pytest.mark.parametrize("at", [2, 3])
@pytest.mark.parametrize("name", NAMES)
def test_a_later_call_fails_and_nothing_is_left(outcomes, name, at):
    given = outcomes("native", at)[name]
    assert (given["left"], given["tasks"]) == (0, 0)
    if given["result"] == "TimeoutError":  # who reads waits for what the writer could not send
        assert outcomes("asyncio", at)[name]["result"] == "TimeoutError"
