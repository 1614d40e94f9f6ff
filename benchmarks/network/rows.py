"""The kinds of row of the network plane, and how each takes a sample."""

import http.client
import re
import resource
import subprocess
from dataclasses import dataclass

from harness.model import Absent, Sample
from harness.process import answer

from network import build, run

FLOORS = {"epoll floor": "floor_epoll", "io_uring floor": "floor_uring"}


def seconds(quick):
    """How long a sample takes, and the warm-up before it."""
    return {"seconds": 0.25, "warmup": 0.05} if quick else {"seconds": 0.8, "warmup": 0.2}


def check_floor(runtime, possible):
    """Has a floor built. Raises Absent if the row has none."""
    if not runtime.floor:
        return
    if not possible:
        raise Absent("no floor")
    build.program(FLOORS[runtime.name])


def sample_of(report, served):
    """A load's report and the server's memory, as a sample."""
    extra = {name: report[name] for name in ("latency_p50", "latency_p99") if name in report}
    return Sample(
        operations=report["operations"],
        wall=report["wall"],
        cpu=report["cpu"],
        memory=served.peak_memory(),
        extra=extra,
    )


@dataclass(frozen=True)
class Row:
    """What all rows have; the rows below add sample(). quick: part of quick mode."""

    name: str
    group: str
    unit: str
    what: str
    plane: str = "network"
    quick: bool = False


@dataclass(frozen=True)
class Load(Row):
    """A server of one kind under the compiled load.

    mode: the load's; traced: the operations over which system calls are counted.
    """

    kind: str = "protocol"
    transport: str = "tcp"
    mode: str = "echo"
    connections: int = 1
    size: int = 1
    traced: int = 2000

    def has_floor(self):
        return self.transport != "tls"

    def sample(self, runtime, quick):
        check_floor(runtime, self.has_floor())
        with run.server(runtime, self.kind, self.transport) as served:
            report = run.load(served, self.mode, self.transport, **self.shape(), **seconds(quick))
            return sample_of(report, served)

    def syscalls(self, runtime):
        """System calls of the server for one operation, counted by strace in a run of its own."""
        check_floor(runtime, self.has_floor())
        with run.server(runtime, self.kind, self.transport) as served:
            options = {**self.shape(), "operations": self.traced}
            return run.count_calls(served, self.mode, self.transport, **options) / self.traced

    def shape(self):
        return {"connections": self.connections, "size": self.size}


@dataclass(frozen=True)
class Idle(Row):
    """Many connections that do nothing, and the memory that each takes in the server."""

    def sample(self, runtime, quick):
        check_floor(runtime, True)
        count = 2_000 if quick else 10_000
        _, allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
        if allowed < count + 100:
            raise Absent(f"needs {count + 100} open files, the limit is {allowed}")
        with run.server(runtime, "protocol", "tcp") as served:
            # What the first connections leave behind belongs to the program, not to any of them.
            run.load(served, "idle", "tcp", connections=50, size=64)
            before = served.memory()
            with run.held_load(served, "idle", "tcp", connections=count, size=64) as held:
                report = held.report()
                after = served.memory()
                made = sample_of(report, served)
        made.extra = {"bytes_per_connection": (after - before) / count}
        return made


@dataclass(frozen=True)
class Http(Row):
    """A framework's server under wrk."""

    kind: str = "uvicorn"
    connections: int = 32

    def sample(self, runtime, quick):
        check_floor(runtime, False)
        build.needs("wrk", "wrk")
        with run.server(runtime, self.kind, "tcp") as served:
            warm_up(served.address, 50 if quick else 200)
            cpu = served.cpu()
            report = self.wrk(served.address, 1)
            return sample_of({**report, "cpu": served.cpu() - cpu}, served)

    def wrk(self, address, duration):
        command = ["wrk", "-t1", f"-c{self.connections}", f"-d{duration}s", "--latency"]
        done = subprocess.run(
            [*command, f"http://{address}/"],
            capture_output=True,
            text=True,
            timeout=duration + 30,
            **run.on_core(run.load_core()),
        )
        if done.returncode:
            raise run.Failed(f"wrk: {(done.stdout + done.stderr).strip()}")
        return read_wrk(done.stdout)


def warm_up(address, count):
    """Asks one after the other, and looks at the answers, which wrk does not."""
    connection = http.client.HTTPConnection(address, timeout=10)
    try:
        for _ in range(count):
            connection.request("GET", "/")
            answer = connection.getresponse()
            if (answer.status, answer.read()) != (200, b"Hello, world!"):
                raise run.Failed(f"the HTTP server answers {answer.status}")
    finally:
        connection.close()


def read_wrk(text):
    """The report in what wrk prints."""
    if found := re.search(r"^\s*(Non-2xx.*|Socket errors.*)$", text, re.MULTILINE):
        raise run.Failed(f"wrk: {found[1]}")
    done = re.search(r"(\d+) requests in ([\d.]+)(us|ms|s|m)\b", text)
    if done is None:
        raise run.Failed(f"wrk printed no result: {text[-300:]}")
    report = {"operations": int(done[1]), "wall": in_seconds(done[2], done[3])}
    for share in (50, 99):
        if found := re.search(rf"^\s*{share}%\s+([\d.]+)(us|ms|s|m)$", text, re.MULTILINE):
            report[f"latency_p{share}"] = in_seconds(found[1], found[2])
    return report


def in_seconds(number, unit):
    return float(number) * {"us": 1e-6, "ms": 1e-3, "s": 1, "m": 60}[unit]


@dataclass(frozen=True)
class Itself(Row):
    """A script that needs no load from outside; it measures itself."""

    script: str = "spawn"

    def sample(self, runtime, quick):
        check_floor(runtime, False)
        command = [runtime.python, run.HERE / "itself.py", self.script]
        command += ["--setup", runtime.setup]
        for name, value in seconds(quick).items():
            command += [f"--{name}", value]
        # On all cores: the children run beside their parent.
        return Sample(**answer(command, variables={"PYTHONPATH": runtime.path}, limit=60))
