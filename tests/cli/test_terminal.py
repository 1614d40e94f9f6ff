"""On a terminal: the prompt, Ctrl-C, programs that ask whether there is one."""

import signal

import pytest
from fronts import ENVIRONMENT, MODULE
from terminal import Terminal

BASIC = ENVIRONMENT | {"PYTHON_BASIC_REPL": "1"}  # from 3.13 on: no colours, no editing


@pytest.fixture
def terminal(front):
    """Starts the front with arguments in a terminal."""

    def start(*arguments):
        return Terminal([*front.command, *map(str, arguments)], BASIC)

    return start


def test_prompt(terminal):
    with terminal() as shell:
        assert "asyncio REPL" in shell.until(">>> ")
        shell.until(">>> ")  # after the import that it shows
        shell.type("type(asyncio.get_running_loop()).__module__\n")
        assert "'phaseloop._loop'" in shell.until(">>> ")
        shell.type("await asyncio.sleep(0.01, 'slept')\n")
        assert "'slept'" in shell.until(">>> ")
        shell.type("t = asyncio.create_task(asyncio.sleep(0, 6 * 7))\n")
        shell.until(">>> ")
        shell.type("await t\n")
        assert "42" in shell.until(">>> ")
        shell.type("1 / 0\n")
        said = shell.until(">>> ")
        assert "ZeroDivisionError" in said and "phaseloop/_" not in said
        shell.type("exit()\n")
        assert shell.status() == 0


def test_prompt_is_interrupted(terminal):
    with terminal() as shell:
        shell.until("import asyncio")
        shell.until(">>> ")
        shell.type("print('rea' + 'dy') or await asyncio.sleep(60)\n")
        shell.until("ready\n")
        shell.type("\x03")
        assert "KeyboardInterrupt" in shell.until(">>> ")
        shell.type("\x04")
        assert shell.status() == 0


def test_dash_opens_the_prompt_on_a_terminal(terminal):
    with terminal("-") as shell:
        assert "asyncio REPL" in shell.until("import asyncio")
        shell.until(">>> ")
        shell.type("\x04")
        assert shell.status() == 0


def test_prompt_reads_what_is_piped(front):
    done = front.run(input="await asyncio.sleep(0, 'slept')\n", env=BASIC)
    assert (done.returncode, "'slept'" in done.stdout) == (0, True), done.stderr


def test_program(terminal, folder):
    (folder / "program.py").write_text("""
import sys
print(sys.stdin.isatty(), sys.stdout.isatty(), sys.stderr.isatty())
print(input("name? "))
""")
    with terminal("program.py") as shell:
        assert shell.until("name? ") == "True True True\nname? "
        shell.type("me\n")
        shell.until("me\nme\n")
        assert shell.status() == 0


@pytest.mark.parametrize("forever", [True, False], ids=["run_forever", "run"])
def test_control_c(terminal, folder, forever):
    (folder / "program.py").write_text(f"""
import asyncio

async def main():
    print("ready")
    await asyncio.sleep(60)

loop = asyncio.new_event_loop()
if {forever}:
    task = loop.create_task(main())
    loop.run_forever()
asyncio.run(main())
""")
    with terminal("program.py") as shell:
        shell.until("ready\n")
        shell.type("\x03")
        assert shell.status() == -signal.SIGINT
        assert "KeyboardInterrupt" in shell.said and "phaseloop/_" not in shell.said


def test_pythons_own_prompt_after_a_program(folder):
    (folder / "program.py").write_text("value = 6\n1 / 0")
    with Terminal([*MODULE.given("-i").command, "program.py"], BASIC) as shell:
        assert "ZeroDivisionError" in shell.until(">>> ")
        shell.type("value * 7\n")
        assert "42" in shell.until(">>> ")
        shell.type("exit(5)\n")
        assert shell.status() == 5
