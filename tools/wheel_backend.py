"""The build backend that pip calls: scikit-build-core, once the machine has what a build needs.

A missing compiler or header is then one sentence that says what to install, not a page of CMake.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from scikit_build_core import build as scikit
from scikit_build_core.build import (  # noqa: F401  the hooks that need no compiler
    build_sdist,
    get_requires_for_build_sdist,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

COMPILERS = ("c++", "g++", "clang++")  # the order in which CMake looks
PROBE = "#include <concepts>\nstatic_assert(std::same_as<int, int>);\n"


def get_requires_for_build_wheel(*args, **kwargs):
    require()
    return scikit.get_requires_for_build_wheel(*args, **kwargs)


def get_requires_for_build_editable(*args, **kwargs):
    require()
    return scikit.get_requires_for_build_editable(*args, **kwargs)


def build_wheel(*args, **kwargs):
    require()
    return scikit.build_wheel(*args, **kwargs)


def build_editable(*args, **kwargs):
    require()
    return scikit.build_editable(*args, **kwargs)


def require():
    if problem := missing_compiler() or missing_headers():
        sys.exit(f"phaseloop needs {problem}")


def missing_compiler() -> str | None:
    named = os.environ.get("CXX")
    compiler = named.split() if named else [c for c in COMPILERS if shutil.which(c)][:1]
    if not compiler:
        return "a C++20 compiler: install g++"
    if not shutil.which(compiler[0]):
        return f"a C++20 compiler, and $CXX names '{named}', which is not there: install g++"
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "probe.cc"
        source.write_text(PROBE)
        command = [*compiler, "-std=c++20", "-c", str(source), "-o", str(source.with_suffix(".o"))]
        if subprocess.run(command, capture_output=True).returncode:
            return (
                f"a C++20 compiler, and '{compiler[0]}' is none: install g++ (version 11 or newer)"
            )
    return None


def missing_headers() -> str | None:
    header = Path(sysconfig.get_path("include")) / "Python.h"
    if header.exists():
        return None
    package = "python{}.{}-dev".format(*sys.version_info)
    return f"the Python headers: install python3-dev, or {package} ({header} is not there)"
