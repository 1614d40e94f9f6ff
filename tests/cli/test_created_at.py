"""Debug mode says where things were created: no frame of phaseloop's, and otherwise as python3."""

import json

from fronts import MODULE, PYTHON

PROGRAM = """
import asyncio, gc, json, sys

places = {}


async def child():
    await asyncio.sleep(0)


def note(name, made):
    places[name] = [(entry.filename, entry.lineno, entry.name) for entry in made._source_traceback]


async def main():
    loop = asyncio.get_running_loop()
    note("main", asyncio.current_task())
    note("create_future", loop.create_future())
    note("Future", asyncio.Future())
    note("wrap_future", asyncio.wrap_future(__import__("concurrent.futures").futures.Future()))
    note("run_in_executor", loop.run_in_executor(None, int))
    for name, make in (("create_task", asyncio.create_task), ("loop", loop.create_task)):
        note(name, make(child()))
    async with asyncio.TaskGroup() as group:
        note("TaskGroup", group.create_task(child()))
    for name, handle in (
        ("call_soon", loop.call_soon(print)),
        ("call_later", loop.call_later(100, print)),
        ("call_at", loop.call_at(loop.time() + 100, print)),
        ("threadsafe", loop.call_soon_threadsafe(print)),
    ):
        note(name, handle)
        handle.cancel()
    await asyncio.sleep(0)


def never():
    child()


if __name__ == "__main__":
    asyncio.run(main())
    never()
    gc.collect()
    print(json.dumps(places))
"""
LOOPS_OWN = ("_run_once", "_run")  # their frames; a native loop has no Python code there


def told(front):
    done = front.given("-X", "dev", "-W", "ignore:::asyncio").run("program.py")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), done.stderr


def without_the_loops_own(entries):
    return [tuple(entry) for entry in entries if entry[2] not in LOOPS_OWN]


def test_places_are_the_programs_and_asyncios(folder):
    (folder / "program.py").write_text(PROGRAM)
    (wanted, warned), (found, warned_here) = told(PYTHON), told(MODULE)
    assert wanted.keys() == found.keys()
    for name, entries in found.items():
        # asyncio keeps a certain number, those of its own loop included
        ours, theirs = without_the_loops_own(entries), without_the_loops_own(wanted[name])
        assert ours[-len(theirs) :] == theirs, name
        assert not [entry for entry in entries if "/phaseloop/" in entry[0]], name
    assert "coroutine 'child' was never awaited" in warned
    assert warned_here == warned
