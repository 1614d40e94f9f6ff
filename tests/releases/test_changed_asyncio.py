"""Importing phaseloop assumes nothing of asyncio's that a release might lack or have reshaped."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("changed_asyncio.py")
PARTS = 8


def run(*arguments):
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, timeout=900, check=False
    )


@pytest.mark.parametrize("part", range(PARTS))
def test_any_one_thing_of_asyncio_may_be_missing_or_reshaped(part):
    done = run(PROGRAM, str(part), str(PARTS))
    *unborne, count = done.stdout.splitlines() or ["", done.stderr]
    assert unborne == []
    tried = re.fullmatch(r"(\d+) changes", count)
    assert tried, done.stderr
    assert int(tried[1]) > 100


SWAPPED_IN_PYTHON = """
import asyncio, _asyncio
from asyncio import tasks

# What keeps the running task elsewhere than in the thread state.
for name in ("current_task", "_swap_current_task", "_enter_task", "_leave_task"):
    for home in (asyncio, tasks, _asyncio):
        if hasattr(home, name):
            setattr(home, name, getattr(tasks, f"_py_{name.lstrip('_')}"))

import phaseloop


async def child(number):
    assert asyncio.current_task().get_name() == str(number)
    await asyncio.sleep(0)
    assert asyncio.current_task().get_name() == str(number)
    return number


async def main():
    loop = asyncio.get_running_loop()
    own = asyncio.current_task()
    children = [loop.create_task(child(n), name=str(n)) for n in range(3)]
    loop.set_task_factory(phaseloop.eager_task_factory)
    children += [loop.create_task(child(n), name=str(n)) for n in range(3, 6)]
    assert asyncio.current_task() is own
    assert await phaseloop.gather(*children) == list(range(6))
    assert asyncio.current_task() is own
    async with phaseloop.timeout(10):
        await phaseloop.sleep(0)


phaseloop.run(main())
print("done")
"""


@pytest.mark.skipif(sys.version_info < (3, 14), reason="the thread state has it from 3.14 on")
def test_the_running_task_may_be_kept_elsewhere_than_in_the_thread_state():
    done = run("-c", SWAPPED_IN_PYTHON)
    assert (done.stdout, done.stderr) == ("done\n", "")
