"""Programs that replace slots, attributes and containers while C++ code works with them crashed the
interpreter. They do what they do on asyncio's own loop: in processes, for they may crash.
"""

import inspect
import os
import subprocess
import sys
from pathlib import Path

import hostile_programs
import pytest

FILE = Path(__file__).with_name("hostile_programs.py")
HELPERS = {"main", "new_loop", "run_callbacks", "outcome_of", "connected"}
NAMES = [
    name
    for name, value in vars(hostile_programs).items()
    if inspect.isfunction(value) and value.__module__ == "hostile_programs" and name not in HELPERS
]
# What asyncio's own loop does with these is an error out of run_forever(), or not the point.
ALIVE = {
    "attributes_of_a_transport_assigned",
    "primitives_without_init",
    "slots_of_a_handle_deleted",
}


def output(name, kind):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-X", "faulthandler", FILE, name, kind],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONASYNCIODEBUG": ""},
    )
    assert done.returncode == 0, f"{kind}: {done.returncode}\n{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_changed_by_python(name):
    expected = "alive\n" if name in ALIVE else output(name, "stock")
    assert output(name, "phaseloop") == expected
