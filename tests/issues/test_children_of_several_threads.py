"""Only the main thread's loop could start children, or one loop took another's for its own."""

import asyncio
import subprocess
import threading

import phaseloop
import pytest

THREADS = 4


@pytest.mark.parametrize("main_thread", ["busy", "idle"])
def test_loops_of_several_threads_have_children(loop, main_thread):
    found, failed = {}, []

    async def one(name):
        child = await asyncio.create_subprocess_shell(
            f"read line; echo $line {name}; exit {name}",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        output, _ = await child.communicate(b"thread\n")
        return output, child.returncode

    async def some(first):
        return await asyncio.gather(*[one(first + number) for number in range(8)])

    def work(first):
        try:
            with asyncio.Runner(loop_factory=phaseloop.new_event_loop) as runner:
                found[first] = runner.run(some(first))
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(10 * at,)) for at in range(1, THREADS + 1)]
    for thread in threads:
        thread.start()
    if main_thread == "busy":
        found[0] = loop.run_until_complete(some(0))
    for thread in threads:
        thread.join(30)
    assert failed == []
    assert found == {
        first: [(b"thread %d\n" % name, name) for name in range(first, first + 8)]
        for first in found
    }
    assert len(found) == THREADS + (main_thread == "busy")
