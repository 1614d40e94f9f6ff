"""`pip install .` into a clean virtual environment, and programs run in it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUILD_SECONDS_MAX = 600


def clean_environment(**changes):
    """The machine's environment without what a test run adds to it."""
    added = ("PYTHON", "LD_PRELOAD", "ASAN_", "UBSAN_", "VIRTUAL_ENV")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(added)}
    return kept | changes


def interpreter(version):
    """The path of that CPython; the test is skipped, with the reason, when it can't be had."""
    if version == "{}.{}".format(*sys.version_info):
        return sys._base_executable
    command = [sys.executable, ROOT / "tools" / "pythons", "path", version]
    found = subprocess.run(command, capture_output=True, text=True)
    if found.returncode:
        pytest.skip(f"no CPython {version}: {found.stderr.strip()}")
    return found.stdout.strip()


def make_venv(base, folder):
    subprocess.run([base, "-m", "venv", folder], check=True, env=clean_environment())
    return folder / "bin" / "python"


def pip_install(python, **environment):
    return subprocess.run(
        [python, "-m", "pip", "install", "--disable-pip-version-check", ROOT],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=clean_environment(**environment),
        timeout=BUILD_SECONDS_MAX,
    )


class Installed:
    """A virtual environment with phaseloop in it, and nothing else."""

    def __init__(self, python, version, folder):
        self.python, self.folder = python, folder
        self.version = tuple(map(int, version.split(".")))

    def run(self, *arguments, check=True):
        done = subprocess.run(
            [self.python, *arguments],
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=clean_environment(),
            timeout=60,
        )
        assert not check or done.returncode == 0, done.stderr
        return done

    def out(self, *arguments):
        return self.run(*arguments).stdout

    def program(self, name, text):
        file = self.folder / name
        file.write_text(text)
        return file
