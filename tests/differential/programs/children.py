"""Child processes: what they write, how they end, and what is told of it in which order."""

import asyncio
import signal
import subprocess
import sys

from endpoints import hear, quiet, shown
from registry import program


class Watching(asyncio.SubprocessProtocol):
    def __init__(self, **does):
        self.notes = []
        self.does = does
        self.gone = asyncio.get_running_loop().create_future()

    def note(self, name, *args):
        self.notes.append((name, *args))
        if name in self.does:
            self.does[name](self, *args)

    def connection_made(self, transport):
        self.transport = transport
        self.note("made")

    def pipe_data_received(self, fd, data):
        self.note("data", fd, data)

    def pipe_connection_lost(self, fd, exc):
        self.note("pipe lost", fd, exc)

    def process_exited(self):
        self.note("exited")

    def connection_lost(self, exc):
        self.note("lost", exc)
        self.gone.set_result(exc)


@program
def calls_of_a_protocol(t):
    async def main():
        transport, child = await t.loop.subprocess_shell(
            Watching, "read line; echo got $line; echo oops >&2; exit 4"
        )
        t(isinstance(transport, asyncio.SubprocessTransport), shown(transport))
        t(transport.get_pid() > 0, transport.get_returncode(), transport.is_closing())
        for fd in (0, 1, 2, 3):
            pipe = transport.get_pipe_transport(fd)
            t(fd, pipe is None, isinstance(pipe, asyncio.WriteTransport))
        transport.get_pipe_transport(0).write(b"it\n")
        t(await child.gone, transport.get_returncode())
        t(child.notes[0], sorted(map(repr, child.notes[1:-1])), child.notes[-1])
        t(shown(transport), transport.is_closing())
        t(type(transport.get_extra_info("subprocess")).__name__)
        transport.close()
        for call in (transport.kill, transport.terminate):
            t.attempt("late", call)
        t.attempt("late", transport.send_signal, signal.SIGUSR1)

    t.run(main())


@program
def ends_of_all_kinds(t):
    async def main():
        for command in (
            "exit 0",
            "exit 1",
            "exit 255",
            "kill -TERM $$",
            "kill -KILL $$",
            "nowhere",
        ):
            child = await asyncio.create_subprocess_shell(command, stderr=subprocess.DEVNULL)
            t(command, await child.wait(), child.returncode, await child.wait(), shown(child)[:8])

    t.run(main())


@program
def what_cannot_be_started(t):
    async def attempt(*args, **kwargs):
        try:
            await asyncio.create_subprocess_exec(*args, **kwargs)
        except (OSError, ValueError, TypeError, subprocess.SubprocessError) as caught:
            t(type(caught).__name__, caught.args)

    def fails():
        raise ValueError("before it runs")

    async def main():
        await attempt("/nowhere/at/all")
        await attempt("/etc/passwd")
        await attempt("true", cwd="/nowhere/at/all")
        await attempt("nul\0byte")
        await attempt(3)
        await attempt("true", preexec_fn=fails)
        await attempt("true", text=True)
        await attempt("true", universal_newlines=True)
        await attempt("true", shell=True)
        await attempt("true", bufsize=1)
        await attempt("true", encoding="utf-8")
        await attempt("true", errors="strict")
        try:
            await t.loop.subprocess_shell(Watching, 3)
        except ValueError as caught:
            t(caught)

    t.run(main())


@program
def arguments_of_popen(t):
    program = "import os, sys; print(os.getcwd(), os.environ.get('OWN'), os.umask(0), sys.argv[1:])"

    async def main():
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", program, "argument", b"bytes"),
            stdout=subprocess.PIPE,
            cwd="/",
            env={"OWN": "value"},
            umask=0o27,
            start_new_session=True,
        )
        t(await child.communicate(), child.returncode)
        child = await asyncio.create_subprocess_shell(
            "echo out; echo err >&2", stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        t(await child.communicate())

    t.run(main())


@program
def communicating(t):
    async def main():
        for data in (b"", b"little", bytes(1 << 20)):
            child = await asyncio.create_subprocess_exec(
                "cat", stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
            output, errors = await child.communicate(data)
            t(len(output), output == (data or b""), errors, child.returncode)
        child = await asyncio.create_subprocess_exec("true", stdin=subprocess.PIPE)
        t(await child.communicate(bytes(1 << 20)), child.returncode)

    t.run(main())


@program
def signals_sent(t):
    async def main():
        for send in (
            lambda child: child.terminate(),
            lambda child: child.kill(),
            lambda child: child.send_signal(signal.SIGHUP),
        ):
            child = await asyncio.create_subprocess_exec("sleep", "60", stdout=subprocess.PIPE)
            send(child)
            t(await child.wait(), await child.stdout.read())
            try:
                send(child)
            except ProcessLookupError as caught:
                t(caught.args)

    t.run(main())


@program
def closed_while_it_runs(t):
    async def main():
        transport, child = await t.loop.subprocess_exec(Watching, "sleep", "60")
        transport.close()
        transport.close()
        t(transport.is_closing(), await child.gone, transport.get_returncode())
        t(sorted(map(repr, child.notes)), child.notes[-1])

    t.run(main())


@program
def errors_in_protocols(t):
    def fails(child, *args):
        raise ValueError(f"in {child.notes[-1][0]}")

    async def main():
        hear(t)
        for where in ("data", "pipe lost", "exited", "lost"):
            t(where)
            transport, child = await t.loop.subprocess_exec(
                lambda w=where: Watching(**{w: fails}), "echo", "hi", stdin=None, stderr=None
            )
            await asyncio.wait([child.gone], timeout=0.2)
            await quiet()
            t([note[0] for note in child.notes[-1:]], transport.get_returncode())
            transport.close()

    t.run(main())
    # What the log tells names callbacks, which are methods here and functions there.
    t.lines[:] = [line.partition("'handle'")[0] for line in t.lines]


@program
def streams_of_a_child(t):
    async def main():
        child = await asyncio.create_subprocess_shell(
            "while read line; do echo $line $line; done; printf tail",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            limit=100,
        )
        t(child.stderr, type(child.stdin).__name__, child.stdin.is_closing())
        for line in (b"one\n", b"two\n"):
            child.stdin.write(line)
            await child.stdin.drain()
            t(await child.stdout.readline())
        child.stdin.write(b"x" * 80 + b"\n")
        try:
            await child.stdout.readline()
        except ValueError as caught:
            t(caught)
        child.stdin.close()
        await child.stdin.wait_closed()
        t(await child.stdout.read(), child.stdout.at_eof(), await child.wait())

    t.run(main())
