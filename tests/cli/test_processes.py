"""Processes that a program starts, debuggers and tracers that start a program."""

import re
import signal
import subprocess
import textwrap

import pytest
from fronts import ENVIRONMENT, PYTHON

WORKERS = r"""
import asyncio, concurrent.futures, multiprocessing, sys

async def kind():
    await asyncio.sleep(0)
    return type(asyncio.get_running_loop()).__module__, type(asyncio.current_task()).__module__

def work(number):
    return number, asyncio.run(kind()), __name__

async def main(method):
    context = multiprocessing.get_context(method)
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
        loop = asyncio.get_running_loop()
        for answer in await asyncio.gather(*(loop.run_in_executor(pool, work, n) for n in (1, 2))):
            print(*answer, flush=True)
    child = context.Process(target=print, args=("from a process", sys.argv[1:]))
    child.start()
    child.join()
    print(child.exitcode)

if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
else:
    print(f"imported as {__name__}\n", end="")
"""


@pytest.fixture
def workers(folder):
    (folder / "workers.py").write_text(WORKERS)


METHODS = ("spawn", "forkserver", "fork")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("program", [["workers.py"], ["-m", "workers"]], ids=["script", "module"])
def test_multiprocessing(front, workers, program, method):
    quiet = front.given("-W", "ignore::DeprecationWarning")  # fork with threads, from 3.12 on
    said = quiet.out(*program, method).splitlines()
    name = "__main__" if method == "fork" else "__mp_main__"
    native = "('phaseloop._loop', 'phaseloop._native')"
    assert said.count(f"1 {native} {name}") == said.count(f"2 {native} {name}") == 1
    assert f"from a process ['{method}']" in said
    assert said[-1] == "0"


@pytest.mark.parametrize("method", METHODS)
def test_options_reach_the_processes(front, folder, method):
    (folder / "program.py").write_text("""
import asyncio, multiprocessing, sys

async def ask():
    return asyncio.get_running_loop().get_debug(), "phaseloop.legacy" in sys.modules

def work():
    print(*asyncio.run(ask()), sys.flags.optimize)

if __name__ == "__main__":
    child = multiprocessing.get_context(sys.argv[1]).Process(target=work)
    child.start()
    child.join()
    work()
""")
    said = front.given("-O").out("--strict", "--debug", "program.py", method)
    assert said == "True False 1\n" * 2


def test_processes_of_its_own(executable, folder):
    (folder / "child.py").write_text("import asyncio; print(type(asyncio.new_event_loop()))")
    code = "import subprocess, sys; subprocess.run([sys.executable, 'child.py'], check=True)"
    assert executable.out("-c", code) == "<class 'phaseloop._loop.Loop'>\n"


PROGRAM = """\
import asyncio

async def main():
    value = 1
    await asyncio.sleep(0)
    value += 1
    return value

print(asyncio.run(main()))
"""


@pytest.fixture
def program(folder):
    (folder / "program.py").write_text(PROGRAM)


def test_pdb(front, program):
    said = front.out("-m", "pdb", "program.py", input="break 7\ncontinue\np value\nwhere\nq\n")
    assert "(Pdb) 2\n" in said
    assert re.search(r"program\.py\(7\)main\(\)", said)


def test_breakpoint(front, folder):
    (folder / "program.py").write_text("x = 6\nbreakpoint()\nprint(x)\n")
    said = front.out("program.py", input="p x * 7\nx = 8\ncontinue\n")
    assert "(Pdb) 42\n" in said and said.endswith("8\n")


def lines_covered(report):
    return re.search(r"(?m)^program\.py +(\d+) +(\d+)", report).groups()


def test_coverage_runs_the_program(front, program):
    assert front.out("-m", "coverage", "run", "program.py") == "2\n"
    assert lines_covered(PYTHON.out("-m", "coverage", "report")) == ("7", "0")


def test_coverage_runs_phaseloop(program):
    assert PYTHON.out("-m", "coverage", "run", "-m", "phaseloop", "program.py") == "2\n"
    assert lines_covered(PYTHON.out("-m", "coverage", "report")) == ("7", "0")


def test_profilers(front, program):
    assert "function calls" in front.out("-m", "cProfile", "program.py")
    assert "program.py" in front.out("-m", "trace", "--listfuncs", "program.py")


# --- signals --------------------------------------------------------------------------------------

SLEEP = """
import asyncio, atexit, sys
atexit.register(lambda: print("at exit", flush=True))

async def main():
    print("ready", flush=True)
    try:
        await asyncio.sleep(60)
    finally:
        print("cleaned up", flush=True)

asyncio.run(main())
"""
FOREVER = """
import asyncio
loop = asyncio.new_event_loop()
loop.call_soon(lambda: print("ready", flush=True))
loop.run_forever()
"""


def ended_by(front, code, number):
    """Run until it says that it is ready; send the signal; status, and what it said then."""
    with subprocess.Popen(
        [*front.command, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    ) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        said, complained = process.communicate(timeout=30)
        return process.returncode, said, complained


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGHUP, signal.SIGUSR1])
def test_killed_by_a_signal(front, number):
    assert ended_by(front, SLEEP, number) == (-number, "", "")


def test_interrupted(front):
    status, said, complained = ended_by(front, SLEEP, signal.SIGINT)
    assert (status, said) == (-signal.SIGINT, "cleaned up\nat exit\n")
    assert complained.endswith("\nKeyboardInterrupt\n")
    assert "phaseloop/_" not in complained


def test_interrupted_in_run_forever(front):
    status, _, complained = ended_by(front, FOREVER, signal.SIGINT)
    assert status == -signal.SIGINT
    assert complained.endswith("\nKeyboardInterrupt\n")
    assert "phaseloop/_" not in complained


def test_shells_see_the_interrupt(front, folder):
    (folder / "interrupt.py").write_text("raise KeyboardInterrupt")
    command = " ".join([*front.command, "interrupt.py"])
    done = subprocess.run(["bash", "-c", f"{command}; echo $?"], capture_output=True, text=True)
    assert done.stdout == "130\n"


# --- the end of an interpreter --------------------------------------------------------------------

ENDING = textwrap.dedent("""
    import asyncio, atexit, threading, time, sys

    async def numbers():
        try:
            yield 1
        finally:
            print("generator closed")

    async def main():
        async for number in numbers():
            break
        asyncio.get_running_loop().run_in_executor(None, lambda: time.sleep(0.1))

    def linger():
        time.sleep(0.2)
        print("thread done")

    class Last:
        def __del__(self):
            print("module torn down")

    last = Last()
    atexit.register(print, "at exit")
    threading.Thread(target=linger).start()
    asyncio.run(main())
    sys.stdout.write("no newline")
    sys.exit(3)
""")


def test_all_is_finalised(front):
    wanted, found = (each.run("-c", ENDING) for each in (PYTHON, front))
    assert (found.stdout, found.stderr) == (wanted.stdout, "")
    assert found.returncode == wanted.returncode == 3
    assert all(end in found.stdout for end in ("closed", "done", "at exit", "torn down"))


def test_output_that_cannot_be_flushed(front):
    with open("/dev/full", "w") as full:
        done = front.run("-c", "print('x')", stdout=full)
    assert done.returncode == 120
    assert "No space left on device" in done.stderr
