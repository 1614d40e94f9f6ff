"""The wheel: what it weighs, and how long an installation takes once it is there."""

import functools
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from harness.model import Absent, Sample
from harness.process import answer
from harness.runtimes import HOME, RIVALS, ROOT, VERSION


@dataclass(frozen=True)
class Wheel:
    """An operation is one installation into an empty folder, dependencies left out."""

    name: str = "install_wheel"
    group: str = "start-up"
    unit: str = "install"
    plane: str = "start"
    what: str = "pip install of the wheel, and its size in bytes"

    def sample(self, runtime, quick):
        wheel = _wheel(runtime.name)
        with tempfile.TemporaryDirectory() as folder:
            pip = [runtime.python, "-m", "pip", "install", "--quiet", "--no-deps", "--upgrade"]
            child = Path(__file__).with_name("child.py")
            found = answer([runtime.python, child, 1, *pip, "--target", folder, wheel])
        return Sample(**found | {"extra": {"bytes_wheel": wheel.stat().st_size}})


def _wheel(name):
    """The path of the runtime's wheel, fetched or built once. Raises Absent."""
    packages = next((rival.packages for rival in RIVALS if rival.name == name), ())
    if name != "phaseloop" and not packages:
        raise Absent("no wheel: part of Python" if name == "asyncio" else "no wheel")
    folder = HOME / VERSION / "wheels" / name
    if name == "phaseloop":
        _pip("wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT)
    elif not list(folder.glob("*.whl")):
        _pip("download", "--quiet", "--no-deps", "--dest", folder, packages[0])
    return max(folder.glob("*.whl"), key=lambda path: path.stat().st_mtime)


@functools.cache
def _pip(*arguments):
    """pip with these arguments, once a run."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", *map(str, arguments)],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=tempfile.gettempdir(),
    )
    if done.returncode:
        raise Absent(f"pip {arguments[0]}: {done.stdout.strip().splitlines()[-1]}")
