"""os.fork() had side effects: on the parent's loop, or in children that use no loop at all."""

import asyncio
import os
import signal
import subprocess
import sys

import phaseloop
import pytest

HOOKS = """
import asyncio, os
registered = []
register = os.register_at_fork
os.register_at_fork = lambda **hooks: registered.append(sorted(hooks)) or register(**hooks)
import phaseloop
phaseloop.install()
loop = phaseloop.new_event_loop()
loop.run_until_complete(phaseloop.sleep(0))
print(*registered)
"""

# Interpreters of their own: what other tests have left would be collected in the child.
WATCHING = """
import asyncio, os, subprocess
import phaseloop

async def main():
    reading, writing = os.pipe()
    loop = asyncio.get_running_loop()
    loop.add_reader(reading, int)
    numbers = os.listdir("/proc/self/fd")
    {look}
    loop.remove_reader(reading)
    os.close(reading)
    os.close(writing)
    return await phaseloop.sleep(0, "still")

print(phaseloop.run(main()))
"""
UNDISTURBED = {
    "fork": WATCHING.format(
        look="""pid = os.fork()
    if pid == 0:
        os._exit(os.listdir("/proc/self/fd") != numbers)
    assert os.waitpid(pid, 0)[1] == 0"""
    ),
    "Popen": WATCHING.format(
        look="""ran = subprocess.run(["ls", "/proc/self/fd"], capture_output=True, text=True)
    assert ran.stdout.split() == ["0", "1", "2", "3"], ran"""
    ),
}


def in_child(work):
    """What os.fork()'s child makes of it: its exit status."""
    pid = os.fork()
    if pid == 0:
        status = 70
        try:
            status = work()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_one_hook_and_that_in_the_child():
    """As asyncio: nothing happens before fork() nor, afterwards, in the parent."""
    shown = subprocess.run([sys.executable, "-c", HOOKS], capture_output=True, text=True)
    assert (shown.stdout, shown.stderr) == ("['after_in_child']\n", "")


def test_the_parent_goes_on(either_loop):
    """The child unwatched its descriptors in the epoll instance that it shared with the parent,
    whose loop then heard no more of them."""

    async def main():
        reading, writing = os.pipe()
        seen = either_loop.create_future()
        either_loop.add_reader(reading, seen.set_result, None)

        def work():
            os.close(reading)
            return 0

        assert in_child(work) == 0
        either_loop.call_later(0.01, os.write, writing, b"x")
        await asyncio.wait_for(seen, 5)
        either_loop.remove_reader(reading)
        os.close(reading)
        os.close(writing)

    either_loop.run_until_complete(main())


def test_the_child_may_have_a_loop_of_its_own(either_loop):
    async def main():
        def work():
            assert asyncio._get_running_loop() is None
            own = type(either_loop)()
            return own.run_until_complete(asyncio.sleep(0.001, 5))

        assert in_child(work) == 5
        assert await asyncio.sleep(0.001, 6) == 6

    either_loop.run_until_complete(main())


@pytest.mark.parametrize("how", ["fork", "Popen"])
def test_a_child_that_needs_no_loop_is_not_disturbed(how):
    """Nothing is opened or closed under a number that the parent has."""
    ran = subprocess.run(
        [sys.executable, "-c", UNDISTURBED[how]],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (ran.stdout, ran.stderr) == ("still\n", "")


def test_signals_of_the_child_do_not_reach_the_parents_loop():
    """Before 3.12 asyncio left the parent's wake-up descriptor to every child."""

    async def main():
        calls = []
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGUSR1, calls.append, "called")
        pid = os.fork()
        if pid == 0:
            signal.raise_signal(signal.SIGUSR1)
            os._exit(signal.set_wakeup_fd(-1) != -1)
        status = os.waitpid(pid, 0)[1]
        await asyncio.sleep(0.01)
        ours = list(calls)
        signal.raise_signal(signal.SIGUSR1)
        await asyncio.sleep(0.01)
        loop.remove_signal_handler(signal.SIGUSR1)
        return status, ours, calls

    assert phaseloop.run(main()) == (0, [], ["called"])


def test_a_loop_of_the_child_hears_of_its_signals_once_a_handler_is_added():
    async def handled():
        came = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGUSR1, came.set)
        signal.raise_signal(signal.SIGUSR1)
        await asyncio.wait_for(came.wait(), 10)
        loop.remove_signal_handler(signal.SIGUSR1)

    def work():
        # The parent's loop, not running, and one of the child's own.
        for each in (loop, phaseloop.new_event_loop()):
            each.run_until_complete(handled())
            each.close()
        return 0

    loop = phaseloop.new_event_loop()
    loop.run_until_complete(handled())
    loop.add_signal_handler(signal.SIGUSR1, print)
    try:
        assert in_child(work) == 0
        loop.run_until_complete(handled())
    finally:
        loop.close()
