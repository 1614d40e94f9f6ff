"""The type stubs say what the module has: names, signatures and defaults."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def test_the_stubs_agree_with_the_module():
    import phaseloop

    command = [sys.executable, "-m", "mypy.stubtest", "phaseloop._native"]
    done = subprocess.run(
        [*command, "--allowlist", HERE / "allowlist.txt", "--concise"],
        capture_output=True,
        text=True,
        cwd=ROOT / ".dev",
        env={
            "PYTHONPATH": ":".join(sys.path),
            "MYPYPATH": str(Path(phaseloop.__file__).parents[1]),
        },
    )
    assert done.returncode == 0, done.stdout + done.stderr
