"""The type stubs say what the module has: names, signatures and defaults."""

import os
import subprocess
import sys
from pathlib import Path

import phaseloop

HERE = Path(__file__).parent
DEV = HERE.parents[1] / ".dev"
PACKAGE = Path(phaseloop.__file__).parent


def test_the_stubs_agree_with_the_module():
    assert (PACKAGE / "_native.pyi").is_file()  # stubtest has no complaint when there are none
    names = ("phaseloop._native", "phaseloop._command_line", "phaseloop._run", "phaseloop.legacy")
    command = [sys.executable, "-m", "mypy.stubtest", *names]
    done = subprocess.run(
        [*command, "--concise", "--allowlist", HERE / "allowlist.txt"],
        capture_output=True,
        text=True,
        cwd=DEV,  # where mypy leaves its cache
        env=os.environ | {"MYPYPATH": str(PACKAGE.parent)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
