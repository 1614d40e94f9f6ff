"""CMake with Ninja: those of the interpreter's own environment, where ./dev has put them."""

import os
import subprocess
import sys
from pathlib import Path


def cmake(*arguments):
    """Run cmake with these arguments. Returns (exit status, everything it printed).

    Raises FileNotFoundError if there is none.
    """
    beside = Path(sys.executable).parent
    path = os.pathsep.join([str(beside), os.environ.get("PATH", os.defpath)])
    done = subprocess.run(
        ["cmake", *map(str, arguments)],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "PATH": path, "CMAKE_GENERATOR": "Ninja"},
    )
    return done.returncode, done.stdout
