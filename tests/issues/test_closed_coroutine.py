"""Whatever a program does to a task's coroutine behind its back, the task can be cancelled."""

import subprocess
import sys
import textwrap

import pytest

KINDS = {
    "sleep": "asyncio.sleep(0.05)",
    "long sleep": "asyncio.sleep(60)",
    "wait": "asyncio.wait([loop.create_future()], timeout=5)",
    "future": "loop.create_future()",
    "queue": "asyncio.Queue().get()",
    "event": "asyncio.Event().wait()",
    "sock_recv": "loop.sock_recv(ours, 5)",
    "stream": "asyncio.StreamReader().read(5)",
    "wait_for": "asyncio.wait_for(asyncio.sleep(60), 50)",
    "as_completed": "next(iter(asyncio.as_completed([loop.create_future()])))",
}
ACTIONS = {
    "close": "coroutine.close()",
    "throw": "coroutine.throw(KeyError('thrown'))",
    "send": "coroutine.send(None)",
    "send twice": "coroutine.send(None); coroutine.send(None)",
    "another task": "other = asyncio.ensure_future(coroutine); await asyncio.sleep(0)",
}

PROGRAM = """
import asyncio, socket, sys
if sys.argv[1] == "phaseloop":
    import phaseloop
    phaseloop.install()

async def act(coroutine, action):
    other = None
    try:
        {action}
    except BaseException as exc:
        print(repr(exc))
    await asyncio.sleep(0.1)
    return other

async def main():
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    kinds = {{{kinds}}}
    for name, make in kinds.items():
        print(name)
        async def waits():
            return await make()
        task = asyncio.create_task(waits())
        await asyncio.sleep(0)
        other = await act(task.get_coro(), "{action}")
        print(task.done(), task.cancel())
        await asyncio.wait([task], timeout=20)
        print(task.done() and (task.cancelled() or repr(task.exception())))
        if other is not None:
            other.cancel()
            await asyncio.wait([other])
    # asyncio.run() has to end those as well.
    left = [asyncio.create_task(make()) for make in kinds.values() if make is not kinds["future"]]
    await asyncio.sleep(0)
    for task in left:
        task.get_coro().close()
    ours.close(); theirs.close()

asyncio.run(main())
print("end")
"""


def lines(runtime, action):
    kinds = ", ".join(f"{name!r}: lambda: {make}" for name, make in KINDS.items())
    program = textwrap.dedent(PROGRAM).format(kinds=kinds, action=ACTIONS[action])
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, runtime],
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("action", ACTIONS)
def test_the_task_ends_as_on_asyncio(action):
    assert lines("phaseloop", action) == lines("asyncio", action)
