"""./dev on a machine that lacks things, and asked for things that are not there."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BASICS = ("bash", "cat", "cut", "dirname", "env", "find", "flock", "mkdir", "tail")
APT = '#!/usr/bin/env bash\necho "$@" >> "$0.log"\nexit 1\n'


@pytest.fixture
def bare(tmp_path):
    """A clone on a machine with a shell and apt-get, and no compiler and no Python."""
    commands = tmp_path / "bin"
    commands.mkdir()
    for name in BASICS:
        (commands / name).symlink_to(shutil.which(name))
    (commands / "apt-get").write_text(APT)
    (commands / "apt-get").chmod(0o755)
    clone = tmp_path / "clone"
    clone.mkdir()
    shutil.copy(ROOT / "dev", clone)
    shutil.copytree(ROOT / "tools", clone / "tools")
    return clone


def dev(clone, *arguments, **variables):
    environment = {"PATH": str(clone.parent / "bin"), "HOME": str(clone), **variables}
    return subprocess.run(
        [clone / "dev", *arguments], capture_output=True, text=True, env=environment
    )


def test_what_is_missing_is_named_at_once(bare):
    done = dev(bare, "run", "program.py")
    assert done.returncode == 1
    packages = "g++ python3 python3-dev python3-venv"
    if os.geteuid() == 0:
        assert f"phaseloop: installing Debian packages: {packages}\n" in done.stderr
        assert f"apt-get could not install {packages}" in done.stderr
        assert (bare.parent / "bin" / "apt-get.log").read_text() == "update -q\n"
    else:
        assert f"sudo apt-get install -y --no-install-recommends {packages}\n" in done.stderr


def test_tests_need_the_other_compiler_too(bare):
    done = dev(bare, "test", "clang")
    assert done.returncode == 1
    (line,) = (
        line for line in done.stderr.splitlines() if "python3-venv" in line and "(" not in line
    )
    assert line.endswith(" clang")


def test_every_package_of_the_chosen_stages_is_named_at_once(bare):
    done = dev(bare, "test", "unit", "programs")
    assert done.returncode == 1
    (line,) = (
        line for line in done.stderr.splitlines() if "python3-venv" in line and "(" not in line
    )
    assert " clang redis-server" in line


def test_a_compiler_named_and_not_there(bare):
    done = dev(bare, "build", CXX="g++-1")
    assert done.returncode == 1
    assert done.stderr == "phaseloop: $CXX names 'g++-1', which is not there\n"


def test_help_needs_nothing(bare):
    done = dev(bare, "help")
    assert done.returncode == 0
    for command in (
        "run",
        "test",
        "build",
        "install",
        "lint",
        "fmt",
        "conformance",
        "bench",
        "clean",
    ):
        assert f"\n  {command}" in done.stdout
    assert dev(bare).stdout == dev(bare, "run", "--help").stdout == done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["juggle"], "no command 'juggle'; ./dev help lists them"),
        (["run"], "run needs a program"),
        (["test", "tightrope"], "no test stage 'tightrope'"),
        (["run", "--python"], "--python needs a version"),
        (["install", "--prefix"], "--prefix needs a folder"),
        (["install", "somewhere"], "install takes --prefix and --python, and not 'somewhere'"),
    ],
)
def test_what_is_not_there(bare, arguments, said):
    done = dev(bare, *arguments)
    assert done.returncode == 1
    assert said in done.stderr
    assert done.stdout == ""


def test_an_old_python(bare):
    python = bare.parent / "bin" / "python3"
    python.write_text(
        "#!/usr/bin/env bash\n[[ $2 == *print* ]] && echo 3.9 /usr/bin/python3\nexit 0\n"
    )
    python.chmod(0o755)
    compiler = bare.parent / "bin" / "g++"
    compiler.symlink_to("/usr/bin/env")
    done = dev(bare, "build")
    assert done.returncode == 1
    assert "needs Python 3.11 or newer, and python3 here is 3.9" in done.stderr
