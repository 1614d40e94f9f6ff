"""The type stubs say what the module has: names, signatures and defaults."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import phaseloop
import pytest

HERE = Path(__file__).parent
DEV = HERE.parents[1] / ".dev"
PACKAGE = Path(phaseloop.__file__).parent


def test_the_stubs_agree_with_the_module():
    assert (PACKAGE / "_native.pyi").is_file()  # stubtest has no complaint when there are none
    names = (
        "phaseloop._native",
        "phaseloop._command_line",
        "phaseloop._run",
        "phaseloop.legacy",
    )
    command = [sys.executable, "-m", "mypy.stubtest", *names]
    done = subprocess.run(
        [*command, "--concise", "--allowlist", HERE / "allowlist.txt"],
        capture_output=True,
        text=True,
        cwd=DEV,  # where mypy leaves its cache
        env=os.environ | {"MYPYPATH": str(PACKAGE.parent)},
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14", "3.15"])
def test_a_users_program_is_typed_throughout(version, tmp_path):
    """Its assert_type() say what each thing is: never Any."""
    program = shutil.copy(HERE / "user_program.py", tmp_path)
    options = ["--strict", "--python-version", version, "--follow-imports", "silent"]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, program],
        capture_output=True,
        text=True,
        cwd=DEV,
        env=os.environ | {"MYPYPATH": str(PACKAGE.parent)},
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_users_program_uses_every_name():
    text = (HERE / "user_program.py").read_text()
    unused = {"Handle", "TimerHandle", "StreamReaderProtocol"}  # made by the loop and by streams
    assert {name for name in phaseloop.__all__ if f"phaseloop.{name}" not in text} == unused
