"""The command line's own part: options, help, versions, what is no command line."""

import os
import platform
import ssl

import pytest
from fronts import ENVIRONMENT, MODULE, PYTHON

DEBUG = "import asyncio; print(asyncio.new_event_loop().get_debug())"


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help(front, option):
    said = front.out(option, "nothing.py")
    name = "python3 -m phaseloop" if front is MODULE else "phaseloop"
    assert said.startswith(f"usage: {name} [options] script.py [arguments]")
    for word in ("--strict", "--debug", "--version", "-m module", "-c code", "prompt"):
        assert word in said
    assert max(map(len, said.splitlines())) < 100


@pytest.mark.parametrize("option", ["-V", "--version"])
def test_version(front, option):
    release, python, poller, tls = front.out(option).splitlines()
    assert release == "phaseloop 0.1.0"
    assert python == f"CPython {platform.python_version()}"
    assert poller.startswith("poller: epoll, ")
    assert tls == f"TLS: {ssl.OPENSSL_VERSION}, through Python's ssl module"


def test_version_without_tls(front, folder):
    (folder / "ssl.py").write_text("raise ImportError('no ssl here')")
    path = os.pathsep.join([str(folder), ENVIRONMENT["PYTHONPATH"]])
    said = front.out("--version", env=ENVIRONMENT | {"PYTHONPATH": path})
    assert said.endswith("\nTLS: none: no ssl here\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--stric", "x.py"], "unknown option --stric"),
        (["--strict", "-z"], "unknown option -z"),
        (["-c"], "-c needs the code to run"),
        (["-m"], "-m needs the name of a module"),
        (["--strict=1", "x.py"], "strict was given a disallowed flag override"),
    ],
)
def test_what_is_no_command_line(front, arguments, said):
    done = front.run(*arguments)
    name = "python3 -m phaseloop" if front is MODULE else "phaseloop"
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"phaseloop: {said}\nTry: {name} --help\n"
    assert PYTHON.run("--stric").returncode == 2


def test_options_that_come_too_late():
    done = MODULE.run("-O", "x.py")
    assert done.returncode == 2
    assert "-O is an option of the interpreter: python3 -O -m phaseloop ..." in done.stderr


def test_missing_file(front, folder):
    done = front.run("nothing.py")
    path = folder / "nothing.py"
    assert done.returncode == 2
    assert done.stderr == (
        f"phaseloop: can't open file '{path}': [Errno 2] No such file or directory\n"
    )


def test_debug(front):
    assert front.out("-c", DEBUG) == "False\n"
    assert front.out("--debug", "-c", DEBUG) == "True\n"
    assert front.given("-X", "dev").out("-c", DEBUG) == "True\n"
    assert front.out("-c", f"import asyncio.tasks; {DEBUG}", "--debug") == "False\n"


def test_strict(front):
    code = """
import asyncio
async def child(): return 1
async def main(): return await asyncio.wait([child()])
done, _ = asyncio.run(main())
print([task.result() for task in done])
"""
    done = front.given("-W", "ignore").run("-c", code)
    assert (done.stdout, done.stderr) == ("[1]\n", "")
    done = front.given("-W", "ignore").run("--strict", "-c", code)
    assert done.returncode == 1
    assert "TypeError: Passing coroutines is forbidden" in done.stderr


def test_the_loop_is_native(front):
    code = """
import asyncio
async def main():
    print(type(asyncio.get_running_loop()).__module__, type(asyncio.current_task()).__module__)
asyncio.run(main())
"""
    assert front.out("-c", code) == "phaseloop._loop phaseloop._native\n"
    assert front.out("--strict", "-", input=code) == "phaseloop._loop phaseloop._native\n"
