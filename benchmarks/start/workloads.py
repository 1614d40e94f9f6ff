"""How long it takes until a program runs, and what an installation weighs."""

import os
from dataclasses import dataclass
from pathlib import Path

from harness.model import Absent, Sample
from harness.process import answer, cores
from harness.runtimes import HOME, VERSION

from start.wheel import Wheel

RUNS = 10
IMPORTS = {"asyncio": "asyncio", "phaseloop": "phaseloop"}
EMPTY = "import asyncio\nasync def main(): pass\n"


def module_of(runtime):
    """What a program imports to use the runtime."""
    return IMPORTS.get(runtime.name, runtime.name)


def bare_interpreter(runtime):
    """`python -c pass`: what no program can go below"""
    return [runtime.python, "-c", "pass"]


def import_asyncio(runtime):
    """`python -c "import asyncio"`, the same in every environment"""
    return [runtime.python, "-c", "import asyncio"]


def import_package(runtime):
    """`python -c "import ..."` of the package itself"""
    return [runtime.python, "-c", f"import {module_of(runtime)}"]


def empty_script(runtime):
    """an empty file: `python -m phaseloop empty.py`, `python empty.py`"""
    module = ["-m", "phaseloop"] if runtime.name == "phaseloop" else []
    return [runtime.python, *module, _file(runtime, "")]


def executable(runtime):
    """an empty file run by the executable, `phaseloop empty.py`"""
    build = Path(runtime.path.rpartition(":")[2]).parent
    program = build / "bin" / "phaseloop"
    if runtime.name != "phaseloop" or not program.exists():
        raise Absent("no executable")
    return [program, _file(runtime, "")]


def empty_program(runtime):
    """a program that does nothing: `python -m phaseloop empty.py`, else a Runner on the loop"""
    if runtime.name == "phaseloop":
        return [runtime.python, "-m", "phaseloop", _file(runtime, EMPTY + "asyncio.run(main())\n")]
    if runtime.name == "asyncio":
        return [runtime.python, _file(runtime, EMPTY + "asyncio.run(main())\n")]
    module, _, function = runtime.setup.partition(":")
    run = f"with asyncio.Runner(loop_factory={module}.{function}) as runner: runner.run(main())\n"
    return [runtime.python, _file(runtime, f"{EMPTY}import {module}\n{run}")]


def _file(runtime, text):
    path = HOME / VERSION / f"{'program' if text else 'empty'}_{runtime.name}.py"
    path.write_text(text)
    return str(path)


@dataclass(frozen=True)
class Start:
    """A command run again and again: an operation is one process from start to end."""

    command: object
    group: str = "start-up"
    unit: str = "process"
    plane: str = "start"

    @property
    def name(self):
        return self.command.__name__

    @property
    def what(self):
        return self.command.__doc__

    def sample(self, runtime, quick):
        if runtime.floor:
            raise Absent("no floor: bare_interpreter is the least")
        runs = RUNS // 3 if quick else RUNS
        command = self.command(runtime)
        return Sample(**answer(
            [runtime.python, Path(__file__).with_name("child.py"), runs, *command],
            core=cores()[-1],
            variables={
                "PYTHONPATH": runtime.path.partition(":")[2],
                # as in an active environment: the executable looks there for its packages
                "PATH": f"{runtime.python.parent}:{os.environ['PATH']}",
            },
        ))  # fmt: skip


def workloads(quick):
    """The rows to measure."""
    if quick:
        return [Start(empty_program)]
    commands = (
        bare_interpreter,
        import_asyncio,
        import_package,
        empty_script,
        executable,
        empty_program,
    )
    return [*map(Start, commands), Wheel()]
