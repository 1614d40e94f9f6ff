"""`python -m asyncio ps` and `pstree`: what another process sees of phaseloop's tasks."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    sys.version_info < (3, 14), reason="asyncio has ps and pstree since Python 3.14"
)

PROGRAM = """
import asyncio, sys
if sys.argv[1] == "native":
    import phaseloop
    phaseloop.install()

async def leaf(future):
    await future

async def branch(name, future):
    async with asyncio.TaskGroup() as group:
        for i in range(2):
            group.create_task(leaf(future), name=f"{name}.{i}")

async def main():
    future = asyncio.get_running_loop().create_future()
    waiting = [asyncio.create_task(branch(n, future), name=n) for n in ("one", "two")]
    asyncio.get_running_loop().call_later(0.05, lambda: print("ready", flush=True))
    await asyncio.gather(*waiting, asyncio.sleep(100))

asyncio.run(main())
"""


def ask(command, pid):
    done = subprocess.run(
        [sys.executable, "-m", "asyncio", command, str(pid)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": ""},
        timeout=60,
    )
    if done.returncode and re.search(
        r"[Pp]ermission|sudo|not permitted", done.stderr + done.stdout
    ):
        pytest.skip("this system does not let one process read another's memory")
    assert done.returncode == 0, done.stderr
    return done.stdout


def seen(kind, command, tmp_path):
    script = tmp_path / "program.py"
    script.write_text(PROGRAM)
    with subprocess.Popen([sys.executable, script, kind], stdout=subprocess.PIPE) as program:
        try:
            assert program.stdout.readline() == b"ready\n"
            return ask(command, program.pid)
        finally:
            program.kill()


def without_asyncio_s_frames(tree):
    """The lines of a pstree, in any order of siblings, without what asyncio's own functions add."""
    own = str(Path(sys.modules["os"].__file__).parent / "asyncio")
    lines = [line for line in tree.splitlines() if own not in line]
    return sorted(re.sub(r"^[│├└─\s]+", "", line) for line in lines)


def test_pstree_shows_who_waits_for_whom(tmp_path):
    native, stock = (seen(kind, "pstree", tmp_path) for kind in ("native", "stock"))
    assert without_asyncio_s_frames(native) == without_asyncio_s_frames(stock)
    assert "(T) one.0" in native


def test_ps_lists_every_task_with_its_awaiter(tmp_path):
    table = seen("native", "ps", tmp_path)
    rows = [line for line in table.splitlines() if "0x" in line]
    for task, awaiter in (("one", "Task-1"), ("two", "Task-1"), ("one.0", "one"), ("two.1", "two")):
        words = [re.split(r"\s{2,}", row.strip()) for row in rows]
        assert any(task in row and awaiter in row for row in words), (task, awaiter, table)
