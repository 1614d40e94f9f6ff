"""What a user gets from `pip install .`, on every supported CPython."""

import signal
import subprocess
from pathlib import Path

import pytest
from clean_install import clean_environment

ROOT = Path(__file__).parents[2]
PROGRAMS = sorted((ROOT / "scripts").glob("*.py"))
ASK = """
import asyncio, sys, phaseloop

async def ask():
    await asyncio.sleep(0)
    return type(asyncio.get_running_loop()) is phaseloop.Loop

def say(*answers):
    print(*answers)
"""


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_the_documents_programs(installed, program):
    expected = ROOT / "tests" / "golden" / "expected" / f"{program.stem}.txt"
    assert installed.out("-m", "phaseloop", program) == expected.read_text()


def test_a_program_gets_its_arguments(installed):
    program = installed.program("show.py", "import sys; print(__name__, sys.argv)")
    shown = installed.out("-m", "phaseloop", program, "--flag", "a b")
    assert shown == f"__main__ {[str(program), '--flag', 'a b']}\n"


def test_a_programs_exit_status(installed):
    program = installed.program("leave.py", "raise SystemExit(7)")
    assert installed.run("-m", "phaseloop", program, check=False).returncode == 7


def console(installed, *arguments):
    """The console script's finished process."""
    return subprocess.run(
        [installed.python.with_name("phaseloop"), *arguments],
        capture_output=True,
        text=True,
        cwd=installed.folder,
        env=clean_environment(),
        timeout=60,
    )


def test_console_script(installed):
    program = installed.program("where.py", "import sys; print(sys.argv, sys.path[0], __name__)")
    shown = console(installed, "where.py", "--strict").stdout
    assert shown == f"{['where.py', '--strict']} {program.parent} __main__\n"
    assert console(installed, "-m", "where").stdout.endswith(" __main__\n")
    assert console(installed, "--version").stdout.startswith("phaseloop 0.1.0\nCPython ")
    assert console(installed, "--help").stdout.startswith("usage: phaseloop [options] script.py")


@pytest.mark.parametrize(
    ("code", "status", "said"),
    [
        ("raise SystemExit(7)", 7, ""),
        ("1 / 0", 1, "ZeroDivisionError: division by zero\n"),
        ("raise KeyboardInterrupt", -signal.SIGINT, "KeyboardInterrupt\n"),
    ],
)
def test_how_a_console_script_ends(installed, code, status, said):
    done = console(installed, "-c", code)
    assert done.returncode == status
    assert done.stderr.endswith(said) and "phaseloop" not in done.stderr


def test_run(installed):
    assert installed.out("-c", ASK + "say(phaseloop.run(ask()))") == "True\n"


def test_policy(installed):
    code = "asyncio.set_event_loop_policy(phaseloop.EventLoopPolicy()); say(asyncio.run(ask()))"
    assert installed.out("-c", ASK + code) == "True\n"


def test_loop_factory_of_run(installed):
    if installed.version < (3, 12):
        pytest.skip("asyncio.run() takes loop_factory from 3.12 on")
    code = "say(asyncio.run(ask(), loop_factory=phaseloop.new_event_loop))"
    assert installed.out("-c", ASK + code) == "True\n"


def test_loop_factory_of_runner(installed):
    code = """
with asyncio.Runner(loop_factory=phaseloop.new_event_loop) as runner:
    say(runner.run(ask()), runner.run(ask()))
"""
    assert installed.out("-c", ASK + code) == "True True\n"


SNAPSHOT = """
import asyncio, asyncio.events, gc, signal, sys, types

def snapshot():
    modules = {name: m for name, m in sys.modules.items() if name.partition(".")[0] in
               ("asyncio", "_asyncio", "selectors", "signal", "socket", "threading")}
    return {(name, key): value for name, m in modules.items() for key, value in vars(m).items()
            if not isinstance(value, types.ModuleType) and key != "__warningregistry__"}

def differences(before):
    after = snapshot()
    return sorted(".".join(key) for key in before if after.get(key) is not before[key])
"""


def test_importing_changes_nothing(installed):
    code = """
before = snapshot()
others = lambda: (list(sys.path), list(sys.meta_path), signal.getsignal(signal.SIGINT),
                  list(gc.callbacks), sys.excepthook, sys.unraisablehook, sys.get_asyncgen_hooks())
state = others()
import phaseloop
print(differences(before), others() == state)
async def kind(): return type(asyncio.get_running_loop()).__module__.partition(".")[0]
print(asyncio.run(kind()))
"""
    assert installed.out("-c", SNAPSHOT + code) == "[] True\nasyncio\n"


def test_install_and_uninstall(installed):
    code = """
before = snapshot()
phaseloop.install()
say(asyncio.run(ask()), asyncio.Task is phaseloop.Task, asyncio.gather is phaseloop.gather)
phaseloop.uninstall()
left = differences(before)
say(asyncio.run(ask()), left)
"""
    said = installed.out("-W", "ignore::DeprecationWarning", "-c", SNAPSHOT + ASK + code)
    assert said == "True True True\nFalse []\n"


def test_what_is_in_the_package(installed):
    code = """
from importlib import metadata
files = {file.name for file in metadata.files("phaseloop") if file.parts[0] == "phaseloop"}
print(sorted(files & {"py.typed", "_native.pyi", "__main__.py"}), metadata.version("phaseloop"))
print(metadata.requires("phaseloop"), metadata.metadata("phaseloop")["License-Expression"])
print([file.name for file in metadata.files("phaseloop") if file.match("licenses/*")])
import phaseloop
print(phaseloop.__version__ == metadata.version("phaseloop"))
"""
    said = installed.out("-c", code)
    assert said == (
        "['__main__.py', '_native.pyi', 'py.typed'] 0.1.0\nNone MIT\n['LICENSE']\nTrue\n"
    )
