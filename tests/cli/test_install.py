"""cmake --install: the executable, and a C++ program that embeds the interpreter."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import phaseloop
import pytest
from fronts import BUILD, ENVIRONMENT, Front

EXAMPLE = Path(__file__).parents[2] / "examples" / "embedding"
CMAKE = Path(sys.executable).with_name("cmake")


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    """Where everything has been installed."""
    if not (BUILD / "bin" / "phaseloop").exists():
        pytest.skip("no executable in this build: this Python has no libpython.so")
    folder = tmp_path_factory.mktemp("installed")
    cmake("--install", BUILD, "--prefix", folder)
    return folder


@pytest.fixture(scope="module")
def example(prefix, tmp_path_factory):
    """The example, built against what is installed."""
    folder = tmp_path_factory.mktemp("example")
    compiler = f"-DCMAKE_CXX_COMPILER={os.environ.get('CXX', 'g++')}"
    flags = "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Werror"
    cmake("-S", EXAMPLE, "-B", folder, f"-DCMAKE_PREFIX_PATH={prefix}", compiler, flags)
    cmake("--build", folder)
    return Front(folder / "example")


def cmake(*arguments):
    done = subprocess.run(
        [CMAKE, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_what_is_installed(prefix):
    files = {str(path.relative_to(prefix)) for path in prefix.rglob("*") if path.is_file()}
    assert {
        "bin/phaseloop",
        "include/phaseloop/embed.h",
        "lib/libphaseloop.so",
        "lib/cmake/phaseloop/phaseloopConfig.cmake",
        "lib/cmake/phaseloop/phaseloopConfigVersion.cmake",
        "lib/pkgconfig/phaseloop.pc",
        "lib/phaseloop/phaseloop/__main__.py",
        "lib/phaseloop/phaseloop/py.typed",
    } <= files
    assert not [name for name in files if "CLI11" in name]


def test_the_installed_executable(prefix, folder):
    (folder / "program.py").write_text("import phaseloop, sys; print(phaseloop.__file__, sys.argv)")
    env = {key: value for key, value in ENVIRONMENT.items() if key != "PYTHONPATH"}
    said = Front(prefix / "bin" / "phaseloop").out("program.py", "a", env=env)
    assert said == f"{prefix}/lib/phaseloop/phaseloop/__init__.py {['program.py', 'a']}\n"


def test_example(example, folder):
    (folder / "program.py").write_text("""
import asyncio, sys
async def main():
    print(type(asyncio.get_running_loop()).__module__, __name__, sys.argv)
    raise SystemExit(3)
asyncio.run(main())
""")
    done = example.run("program.py", "a")
    assert done.stdout == (
        "code on phaseloop._loop\n"
        f"phaseloop._loop __main__ {['program.py', 'a']}\n"
        "the program ended with 3, the module with 1\n"
    )
    assert done.stderr.endswith("No module named no_such_module\n")
    assert done.returncode == 3


def test_another_version_is_not_found(prefix, tmp_path):
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.25)\nproject(other LANGUAGES CXX)\n"
        'find_package(phaseloop 99.0)\nmessage(STATUS "found: ${phaseloop_FOUND}")\n'
    )
    told = cmake("-S", tmp_path, "-B", tmp_path / "build", f"-DCMAKE_PREFIX_PATH={prefix}")
    assert "found: 0" in told


@pytest.mark.skipif(shutil.which("pkg-config") is None, reason="pkg-config is not installed")
def test_example_by_pkg_config(prefix, folder):
    env = {**os.environ, "PKG_CONFIG_PATH": f"{prefix}/lib/pkgconfig"}

    def ask(*options):
        done = subprocess.run(
            ["pkg-config", *options, "phaseloop"], env=env, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    assert ask("--modversion") == [phaseloop.__version__]
    compiler = os.environ.get("CXX", "g++")
    source = EXAMPLE / "main.cc"
    flags = ask("--cflags", "--libs")
    subprocess.run([compiler, "-std=c++17", source, *flags, "-o", folder / "example"], check=True)
    (folder / "program.py").write_text("print('ran')")
    assert "ran\n" in Front(folder / "example").run("program.py").stdout


def test_example_starts_processes(example, folder):
    (folder / "program.py").write_text("""
import asyncio, multiprocessing
def work():
    print(type(asyncio.new_event_loop()), flush=True)
if __name__ == "__main__":
    child = multiprocessing.get_context("spawn").Process(target=work)
    child.start()
    child.join()
""")
    assert "<class 'phaseloop._loop.Loop'>\n" in example.run("program.py").stdout
