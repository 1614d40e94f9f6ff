"""Starts what a measurement needs, on cores of their own, and always ends it."""

import json
import os
import re
import select
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from harness.model import Absent
from harness.process import cores, environment

from network import build

HERE = Path(__file__).resolve().parent
START_LIMIT = 30
STOP_LIMIT = 5


class Failed(Absent):
    """A server or the load reported an error. A note has what the server said about it."""

    def __init__(self, why):
        super().__init__(f"failed: {why}")


def server_core():
    """The core of what is measured; the load has another, if there is one."""
    return cores()[0]


def load_core():
    return cores()[-1]


def on_core(core):
    """Arguments of Popen that keep the child on one core."""
    return {"preexec_fn": lambda: os.sched_setaffinity(0, {core})}


@contextmanager
def ended(process):
    """Ends the process when the block is left, however it is left."""
    try:
        yield process
    finally:
        try:
            # Closes its standard input, which ends a server, and reads what it says last.
            process.communicate(timeout=STOP_LIMIT)
        except subprocess.TimeoutExpired:
            pass
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


class Server:
    """A server that is up: where it listens, and what it has used."""

    def __init__(self, process, address):
        self.process = process
        self.pid = process.pid
        self.address = address

    def cpu(self):
        """User and system time so far, in seconds, all threads, to the nanosecond."""
        return time.clock_gettime((~self.pid << 3) | 2)  # its CPU clock, as the C library has it

    def status(self, field):
        """A size from /proc/PID/status, in bytes."""
        text = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(rf"^{field}:\s+(\d+) kB", text, re.MULTILINE)[1]) * 1024

    def peak_memory(self):
        return self.status("VmHWM")

    def memory(self):
        return self.status("VmRSS")


def command_of(runtime, kind, transport, path):
    """The command line of a server of the kind, on the runtime or as a floor."""
    if runtime.floor:
        work = "sink" if kind == "sink" else "echo"
        return [str(runtime.python), work, transport, path or "127.0.0.1:0"]
    command = [str(runtime.python), str(HERE / "servers.py"), kind, "--setup", runtime.setup]
    command += ["--transport", transport]
    if transport == "unix":
        command += ["--path", path]
    if transport == "tls":
        made = build.certificate()
        command += ["--cert", str(made.certificate), "--key", str(made.key)]
    return command


@contextmanager
def socket_path(transport):
    """Where a Unix socket may be, in a folder of its own; empty for the other transports."""
    if transport != "unix":
        yield ""
        return
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        yield f"{folder}/socket"


@contextmanager
def server(runtime, kind, transport):
    """A Server of the kind. Raises Absent if the loop, or the machine, can't do it."""
    with socket_path(transport) as path, tempfile.TemporaryFile() as errors:
        try:
            started = subprocess.Popen(
                command_of(runtime, kind, transport, path),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment({"PYTHONPATH": runtime.path}),
                **on_core(server_core()),
            )
        except FileNotFoundError as missing:
            raise Absent(f"{Path(missing.filename).name} is not there") from missing
        with ended(started):
            address = address_of(started, errors)
            try:
                yield Server(started, address)
            except Failed as failure:
                failure.add_note(tail(errors))
                raise


def address_of(started, errors):
    """Waits for READY. Raises Absent with the reason that the server gives."""
    readable, _, _ = select.select([started.stdout], [], [], START_LIMIT)
    line = started.stdout.readline().decode().strip() if readable else ""
    word, _, rest = line.partition(" ")
    if word == "READY":
        return rest
    if word == "ABSENT":
        raise Absent(rest)
    if not readable:
        raise Failed(f"the server is not ready after {START_LIMIT} s")
    started.wait()
    if "io_uring: " in (said := tail(errors)):
        raise Absent("the kernel refuses io_uring: " + said.rpartition("io_uring: ")[2])
    failure = Failed(f"the server ended at its start: {said.rpartition(chr(10))[2]}")
    failure.add_note(said)
    raise failure


def tail(errors):
    """The end of what a process wrote to its standard error."""
    errors.seek(max(0, os.fstat(errors.fileno()).st_size - 2000))
    return errors.read().decode(errors="replace").strip()


# --- the load -------------------------------------------------------------------------------------


def load_command(served, mode, transport, **options):
    """The command line of the load; options are its options, by name."""
    command = [str(build.program("load")), mode, "--transport", transport]
    command += ["--address", served.address, "--pid", str(served.pid), "--core", str(load_core())]
    if transport == "tls":
        command += ["--cert", str(build.certificate().certificate)]
    for name, value in options.items():
        command += [f"--{name}", str(value)]
    return command


def load(served, mode, transport, **options):
    """Runs the load and returns its report."""
    command = load_command(served, mode, transport, **options)
    limit = options.get("seconds", 1) + options.get("warmup", 1) + 60
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=limit
        )
    except subprocess.TimeoutExpired as expired:
        raise Failed(f"the load did not end within {limit} s") from expired
    if done.returncode:
        raise Failed(done.stderr.strip())
    return json.loads(done.stdout)


class HeldLoad:
    """A load that waits, between its steps, to be told to go on."""

    def __init__(self, process, errors):
        self.process = process
        self.errors = errors

    def line(self):
        """The next line it prints."""
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            raise Failed(tail(self.errors))
        return line.decode()

    def report(self):
        return json.loads(self.line())

    def go(self):
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()


@contextmanager
def held_load(served, mode, transport, **options):
    """A HeldLoad, whose connections stay open until the block is left."""
    with tempfile.TemporaryFile() as errors:
        started = subprocess.Popen(
            load_command(served, mode, transport, **options),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
        with ended(started):
            yield HeldLoad(started, errors)


# --- system calls ---------------------------------------------------------------------------------


def count_calls(served, mode, transport, **options):
    """The number of system calls that the server makes for such a load, once connections are open.

    One stretch in one process, not a difference of two: stock asyncio's reads take memory from the
    heap in one process and map it anew for each message in the next, as the heap happens to lie.
    """
    build.needs("strace", "strace")
    with held_load(served, mode, transport, hold="yes", **options) as held:
        held.line()

        def work():
            held.go()
            held.report()

        return traced(served, work)


def traced(served, work):
    """The number of system calls the server makes while work() runs."""
    with tempfile.NamedTemporaryFile("r") as table, tempfile.TemporaryFile() as errors:
        command = ["strace", "-f", "-c", "-o", table.name, "-p", str(served.pid)]
        tracer = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors
        )
        try:
            wait_until_traced(served, tracer, errors)
            work()
        finally:
            tracer.terminate()  # it lets go of the server and writes the table
            try:
                tracer.wait(STOP_LIMIT)
            except BaseException:
                tracer.kill()
                tracer.wait()
                raise
        return total_calls(table.read())


def wait_until_traced(served, tracer, errors):
    """All threads of the server are under the tracer."""
    limit = time.monotonic() + STOP_LIMIT
    tasks = Path(f"/proc/{served.pid}/task")
    while not all(
        f"TracerPid:\t{tracer.pid}\n" in (t / "status").read_text() for t in tasks.iterdir()
    ):
        if tracer.poll() is not None or time.monotonic() > limit:
            raise Absent(f"strace can't attach: {tail(errors)[-100:]}")
        time.sleep(0.01)


def total_calls(table):
    """The number of calls in the last line of a table that `strace -c` has written."""
    if not table.strip():
        return 0
    total = re.search(r"^\s*100\.00\s+\S+\s+(?:\d+\s+)?(\d+)\s+(?:\d+\s+)?total$", table, re.M)
    if total is None:
        raise Failed(f"no total in strace's table: {table[-300:]}")
    return int(total[1])
