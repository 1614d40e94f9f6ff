"""Children that fork on, close their pipes early or die before they are watched."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from descriptors import open_descriptors, seconds_busy
from peers import until


class Noting(asyncio.SubprocessProtocol):
    def __init__(self):
        self.seen = []
        self.lost = asyncio.get_running_loop().create_future()
        self.exited = asyncio.get_running_loop().create_future()

    def pipe_data_received(self, fd, data):
        self.seen.append((fd, data))

    def pipe_connection_lost(self, fd, exc):
        self.seen.append((fd, "lost"))

    def process_exited(self):
        self.exited.set_result(None)

    def connection_lost(self, exc):
        self.lost.set_result(exc)


def children():
    """Child processes, those that wait to be reaped included."""
    lists = Path("/proc/self/task").glob("*/children")
    return {int(pid) for each in lists for pid in each.read_text().split()}


@pytest.fixture
def nothing_left():
    """No descriptor is left, and no child: neither running nor waiting to be reaped."""
    before, others = open_descriptors(), children()
    yield
    assert open_descriptors() <= before
    assert children() <= others


def run(loop, main):
    loop.run_until_complete(asyncio.wait_for(main, 15))


def test_a_child_that_forks_on(nothing_left, either_loop):
    """Its own child keeps the pipe open; that it has exited is told all the same."""

    async def main():
        transport, protocol = await either_loop.subprocess_shell(
            Noting, "sleep 60 & echo $!; exit 3", stdin=None, stderr=None
        )
        await asyncio.wait_for(protocol.exited, 5)
        assert transport.get_returncode() == 3
        await until(lambda: protocol.seen)
        assert not protocol.lost.done()
        assert await seconds_busy(asyncio.sleep) < 0.03
        os.kill(int(protocol.seen[0][1]), signal.SIGKILL)
        assert await protocol.lost is None
        assert protocol.seen[-1] == (1, "lost")
        transport.close()

    run(either_loop, main())


def test_closing_does_not_wait_for_the_childs_child(nothing_left, either_loop):
    async def main():
        transport, protocol = await either_loop.subprocess_shell(
            Noting, "sleep 60 & echo $!", stdin=None, stderr=None
        )
        await protocol.exited
        await until(lambda: protocol.seen)
        transport.close()
        assert await protocol.lost is None
        os.kill(int(protocol.seen[0][1]), signal.SIGKILL)
        await asyncio.sleep(0.01)

    run(either_loop, main())


def test_pipes_closed_early(nothing_left, any_runtime):
    async def main():
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c"),
            "import os, time; [os.close(fd) for fd in range(3)]; time.sleep(0.2); os._exit(7)",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert await child.stdout.read() == b""
        assert await child.stderr.read() == b""
        assert child.returncode is None
        assert await seconds_busy(asyncio.sleep) < 0.03
        for _ in range(10):
            child.stdin.write(bytes(1000))
            await asyncio.sleep(0)
        assert await child.wait() == 7

    run(any_runtime, main())


def test_input_that_nobody_reads(nothing_left, any_runtime):
    async def main():
        child = await asyncio.create_subprocess_shell(
            "echo done; exit 5", stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert await child.communicate(bytes(1 << 22)) == (b"done\n", None)
        assert child.returncode == 5

    run(any_runtime, main())


def test_a_child_that_is_dead_before_it_is_watched(nothing_left, any_runtime, monkeypatch):
    """Popen() returns when the child has run its course, as it may on a busy machine."""
    popen = subprocess.Popen

    def slow(*args, **kwargs):
        made = popen(*args, **kwargs)
        os.waitid(os.P_PID, made.pid, os.WEXITED | os.WNOWAIT)
        return made

    monkeypatch.setattr(subprocess, "Popen", slow)

    async def main():
        for status in (0, 1, 255):
            child = await asyncio.create_subprocess_shell(
                f"echo hi; exit {status}", stdout=subprocess.PIPE
            )
            time.sleep(0.01)
            assert await child.stdout.read() == b"hi\n"
            assert await child.wait() == status
            transport, protocol = await any_runtime.subprocess_exec(
                Noting, "false", stdin=None, stdout=None, stderr=None
            )
            assert await protocol.lost is None
            assert transport.get_returncode() == 1
            with pytest.raises(ProcessLookupError):
                child.kill()

    run(any_runtime, main())


def test_many_short_lived_at_once(nothing_left, any_runtime):
    async def one(number):
        child = await asyncio.create_subprocess_shell(
            f"echo {number}; exit {number}", stdout=subprocess.PIPE
        )
        output, _ = await child.communicate()
        return int(output), child.returncode

    async def main():
        found = await asyncio.gather(*map(one, range(40)))
        assert found == [(number, number) for number in range(40)]

    run(any_runtime, main())


def test_a_child_that_somebody_else_reaps(either_loop, caplog):
    async def main():
        transport, protocol = await either_loop.subprocess_exec(
            Noting, "sleep", "60", stdin=None, stdout=None, stderr=None
        )
        pid = transport.get_pid()
        os.kill(pid, signal.SIGKILL)
        try:
            os.waitpid(pid, 0)
            status = 255
        except ChildProcessError:  # a thread of the child watcher's was quicker
            status = -signal.SIGKILL
        assert await protocol.lost is None
        assert transport.get_returncode() == status
        return pid, status

    pid, status = either_loop.run_until_complete(asyncio.wait_for(main(), 10))
    told = [message for message in caplog.messages if str(pid) in message]
    assert len(told) == (status == 255)
    assert all("returncode 255" in message for message in told)


def test_cancelled_while_it_starts(nothing_left, any_runtime):
    """Whatever has been started by then is killed and reaped."""

    async def main():
        for hops in range(6):
            task = asyncio.ensure_future(
                asyncio.create_subprocess_exec("sleep", "60", stdout=subprocess.PIPE)
            )
            for _ in range(hops):
                await asyncio.sleep(0)
            task.cancel()
            try:
                child = await task
            except asyncio.CancelledError:
                continue
            child.kill()
            await child.wait()
        await asyncio.sleep(0.1)

    run(any_runtime, main())
