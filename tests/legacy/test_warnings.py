"""Each use says once, at the user's line, how it is written today."""

import asyncio
import subprocess
import sys
import textwrap
import warnings

import pytest

# (program, what the warning names): the line that ends in `# here` is the one warned about.
USES = {
    "get_event_loop": (
        """
        asyncio.set_event_loop_policy(None)
        loop = asyncio.get_event_loop()  # here
        """,
        "asyncio.run(main())",
    ),
    "ensure_future": (
        """
        asyncio.set_event_loop_policy(None)
        async def work(): pass
        task = asyncio.ensure_future(work())  # here
        loop = asyncio.get_event_loop()
        loop.run_until_complete(task)
        """,
        "asyncio.run(main())",
    ),
    "future": (
        """
        asyncio.set_event_loop_policy(None)
        future = asyncio.Future()  # here
        loop = asyncio.get_event_loop()
        """,
        "asyncio.run(main())",
    ),
    "wait": (
        """
        async def work(): pass
        async def main():
            await asyncio.wait([work(), work()])  # here
        loop.run_until_complete(main())
        """,
        "asyncio.create_task(coroutine)",
    ),
    "wait, from outside": (
        """
        async def work(): pass
        loop.run_until_complete(asyncio.wait([work()]))  # here
        """,
        "asyncio.create_task(coroutine)",
    ),
    "wait, in a task": (
        """
        async def work(): pass
        async def main():
            task = asyncio.ensure_future(asyncio.wait([work()]))  # here
            await task
        loop.run_until_complete(main())
        """,
        "asyncio.create_task(coroutine)",
    ),
    "coroutine": (
        """
        @asyncio.coroutine  # here
        def old(): yield
        loop.run_until_complete(old())
        loop.run_until_complete(asyncio.gather(old(), old()))
        """,
        "async def",
    ),
    "with yield from": (
        """
        lock = asyncio.Lock()
        @types.coroutine
        def main():
            with (yield from lock):  # here
                yield
        async def await_it():
            await main()
        loop.run_until_complete(await_it())
        """,
        "async with lock",
    ),
    "with await": (
        """
        lock = asyncio.Lock()
        async def main():
            with await lock:  # here
                pass
        loop.run_until_complete(main())
        """,
        "async with lock",
    ),
    "all_tasks": ("asyncio.Task.all_tasks(loop)  # here", "asyncio.all_tasks()"),
    "current_task": ("asyncio.Task.current_task(loop)  # here", "asyncio.current_task()"),
    "async": (
        """
        async def work(): pass
        task = getattr(asyncio, "async")(work(), loop=loop)  # here
        loop.run_until_complete(task)
        """,
        "asyncio.ensure_future()",
    ),
    "JoinableQueue": ("asyncio.JoinableQueue()  # here", "asyncio.Queue"),
    "JoinableQueue, imported": (
        "from asyncio import JoinableQueue as Queue  # here",
        "asyncio.Queue",
    ),
    "compat": ("from asyncio.compat import PY35  # here", "leave it out"),
    "selectors": ("asyncio.selectors.DefaultSelector  # here", "import selectors"),
    "default executor": (
        """
        class Executor(concurrent.futures.Executor):
            def shutdown(self, wait=True): pass
        loop.set_default_executor(Executor())  # here
        """,
        "loop.run_in_executor(executor, function)",
    ),
}
MAKES_A_LOOP = ("get_event_loop", "ensure_future", "future")
WITH_LOOP = {
    "sleep": "loop.run_until_complete(asyncio.sleep(0, loop=loop))",
    "gather": "loop.run_until_complete(asyncio.gather(loop=loop))",
    "shield": "loop.run_until_complete(asyncio.shield(asyncio.sleep(0), loop=loop))",
    "wait_for": "loop.run_until_complete(asyncio.wait_for(asyncio.sleep(0), 1, loop=loop))",
    "wait": "loop.run_until_complete(asyncio.wait([loop.create_task(nothing())], loop=loop))",
    "as_completed": "list(asyncio.as_completed([], loop=loop))",
    "Lock": "asyncio.Lock(loop=loop)",
    "Event": "asyncio.Event(loop=loop)",
    "Condition": "asyncio.Condition(loop=loop)",
    "Semaphore": "asyncio.Semaphore(2, loop=loop)",
    "BoundedSemaphore": "asyncio.BoundedSemaphore(loop=loop)",
    "Queue": "asyncio.Queue(loop=loop)",
    "LifoQueue": "asyncio.LifoQueue(1, loop=loop)",
    "PriorityQueue": "asyncio.PriorityQueue(loop=None)",
    "open_connection": "asyncio.open_connection(loop=loop).close()",
    "start_server": "asyncio.start_server(print, loop=loop).close()",
    "open_unix_connection": "asyncio.open_unix_connection(loop=loop).close()",
    "start_unix_server": "asyncio.start_unix_server(print, loop=loop).close()",
    "create_subprocess_exec": "asyncio.create_subprocess_exec('x', loop=loop).close()",
    "create_subprocess_shell": "asyncio.create_subprocess_shell('x', loop=loop).close()",
}
GENERATORS = {
    "run_until_complete": "loop.run_until_complete(old())",
    "create_task": "loop.run_until_complete(loop.create_task(old()))",
    "Task": "loop.run_until_complete(asyncio.Task(old(), loop=loop))",
    "ensure_future": "loop.run_until_complete(asyncio.ensure_future(old(), loop=loop))",
    "gather": "loop.run_until_complete(asyncio.gather(old(), return_exceptions=True))",
    "run_coroutine_threadsafe": (
        "future = asyncio.run_coroutine_threadsafe(old(), loop)  # here\n"
        "loop.run_until_complete(asyncio.wrap_future(future, loop=loop))"
    ),
}


def heard(program, loop):
    """[(line, text)] of the DeprecationWarnings in the program, and the line marked in it."""
    source = textwrap.dedent(program)
    source = "async def nothing(): pass\n" + source
    names = {"asyncio": asyncio, "loop": loop, "types": __import__("types")}
    names |= {"__name__": "old_program", "concurrent": __import__("concurrent.futures")}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore")  # CPython's own
        warnings.filterwarnings("always", r".* ended with Python 3", DeprecationWarning)
        try:
            exec(compile(source, "old_program.py", "exec"), names)
        finally:
            if names["loop"] is not loop:
                names["loop"].close()
    marked = [n for n, line in enumerate(source.splitlines(), 1) if line.endswith("# here")]
    assert all(warning.filename == "old_program.py" for warning in caught), caught
    return [(warning.lineno, str(warning.message)) for warning in caught], marked


@pytest.mark.parametrize("use", USES)
def test_says_it_once(old_loop, use):
    if use in MAKES_A_LOOP and sys.version_info < (3, 14):
        pytest.skip("CPython itself makes a loop until 3.13")
    program, today = USES[use]
    found, marked = heard(program, old_loop)
    assert [line for line, _ in found] == marked
    assert today in found[0][1].partition(" Today: ")[2]


@pytest.mark.parametrize("name", WITH_LOOP)
def test_says_it_once_of_the_loop_argument(old_loop, name):
    found, marked = heard(WITH_LOOP[name] + "  # here", old_loop)
    assert [line for line, _ in found] == marked
    assert f"loop argument of asyncio.{name}()" in found[0][1]
    assert "without it" in found[0][1].partition(" Today: ")[2]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="CPython itself takes them until 3.11")
@pytest.mark.parametrize("where", GENERATORS)
def test_says_it_once_of_a_generator(old_loop, where):
    mark = "" if "# here" in GENERATORS[where] else "  # here"
    found, marked = heard(f"def old(): yield\n{GENERATORS[where]}{mark}", old_loop)
    assert [line for line, _ in found] == marked
    assert "async def old(…)" in found[0][1].partition(" Today: ")[2]


@pytest.mark.skipif(sys.version_info < (3, 14), reason="CPython itself has them until 3.13")
@pytest.mark.parametrize(
    "use",
    [
        "asyncio.get_child_watcher()",
        "asyncio.set_child_watcher(None)",
        "asyncio.SafeChildWatcher()",
        "asyncio.FastChildWatcher()",
        "asyncio.ThreadedChildWatcher()",
    ],
)
def test_says_it_once_of_a_child_watcher(old_loop, use):
    found, marked = heard(f"{use}  # here", old_loop)
    assert [line for line, _ in found] == marked
    assert "leave it out" in found[0][1]


PROGRAM = """\
import asyncio

async def main(loop):
    for _ in range(3):
        await asyncio.sleep(0, loop=loop)
    await asyncio.sleep(0, loop=loop)

loop = asyncio.get_event_loop()
loop.run_until_complete(main(loop))
"""


def run(tmp_path, *options):
    (tmp_path / "old.py").write_text(PROGRAM)
    return subprocess.run(
        [sys.executable, *options, "-m", "phaseloop", "old.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )


def test_script_mode_shows_each_place_once(tmp_path):
    done = run(tmp_path)
    lines = [line for line in done.stderr.splitlines() if "DeprecationWarning" in line]
    places = [line.rpartition("/")[2].split(": ")[0] for line in lines]
    of_the_loop = ["old.py:8"] if sys.version_info >= (3, 12) else []  # before, nobody minded
    assert places == [*of_the_loop, "old.py:5", "old.py:6"]
    assert done.returncode == 0


def test_warning_filters_are_honoured(tmp_path):
    assert run(tmp_path, "-W", "ignore").stderr == ""
    done = run(tmp_path, "-W", "error::DeprecationWarning")
    assert done.returncode == 1
    assert "DeprecationWarning: " in done.stderr.splitlines()[-1]


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="get_event_loop() makes no loop any more")
def test_of_what_this_python_has_itself_it_alone_speaks(tmp_path):
    (tmp_path / "plain.py").write_text("import asyncio\nasyncio.get_event_loop().close()\n")
    by_python, by_us = (
        subprocess.run(
            [sys.executable, *module, "plain.py"], cwd=tmp_path, capture_output=True, text=True
        )
        for module in ([], ["-m", "phaseloop"])
    )
    assert (by_us.returncode, by_us.stderr) == (by_python.returncode, by_python.stderr)
