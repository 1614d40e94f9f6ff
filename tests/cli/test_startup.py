"""A start imports nothing that the program does not need; benchmarks/start times it."""

from fronts import MODULE, PYTHON

LIST = "import sys; print(*sorted(sys.modules))"


def test_what_is_imported(front):
    asyncio = set(PYTHON.out("-c", "import asyncio; " + LIST).split())
    ours = set(front.out("-c", LIST).split())
    runpy = {"runpy", "importlib._abc", "importlib.util"}
    others = {name for name in ours - asyncio if name.partition(".")[0] != "phaseloop"}
    assert others <= (runpy if front is MODULE else set())
