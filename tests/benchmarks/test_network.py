"""The network benchmarks from the outside: what the load measures, and what it refuses to."""

import json
import os
import re
import resource
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from harness.model import Absent, Runtime, Sample
from network import build, rows, run
from network.rows import read_wrk
from network.workloads import floors, workloads

HERE = Path(__file__).resolve().parent
STOCK = Runtime(name="asyncio", python=Path(sys.executable), setup="asyncio:new_event_loop")
BARE = Runtime(
    name="bare",
    python=Path(sys.executable),
    setup="network_loops:WithoutServers",
    path=str(HERE),
)
FLOOR, URING = floors()
SECONDS_MAX = 120  # for what takes a moment; a machine may be busy
ROWS = {row.name: row for row in workloads(quick=False)}


def runtimes(*more):
    return pytest.mark.parametrize("runtime", [STOCK, *more], ids=lambda runtime: runtime.name)


def every_transport():
    """Each runtime with each transport; the floors have no TLS."""
    for runtime in (STOCK, FLOOR, URING):
        for transport in ("tcp", "unix", "udp", *(() if runtime.floor else ("tls",))):
            yield pytest.param(runtime, transport, id=f"{runtime.name}-{transport}")


@pytest.mark.parametrize(("runtime", "transport"), list(every_transport()))
def test_echo_over_every_transport(runtime, transport):
    with running(runtime, "protocol", transport) as served:
        report = run.load(served, "echo", transport, connections=4, size=1000, operations=400)
    assert report["operations"] == 400
    assert report["bytes"] == report["operations"] * 1000
    assert report["wall"] > 0
    assert report["cpu"] >= 0  # less than a tick of the kernel's clock counts as none
    assert 0 < report["latency_p50"] <= report["latency_p99"]


@runtimes(FLOOR)
def test_a_load_lasts_as_long_as_it_is_told(runtime):
    with running(runtime, "protocol", "tcp") as served:
        report = run.load(served, "echo", "tcp", connections=1, size=1, seconds=0.5, warmup=0.1)
    assert report["wall"] >= 0.5


def running(runtime, kind, transport):
    """The server; a floor is built first, or the test is skipped where it can't be."""
    if runtime.floor:
        try:
            build.program(runtime.python.name)
        except Absent as absent:
            pytest.skip(str(absent))
    return run.server(runtime, kind, transport)


@pytest.mark.parametrize("kind", ["protocol", "buffered", "streams", "sock"])
def test_large_messages_come_back_whole_by_every_api(kind):
    with run.server(STOCK, kind, "tcp") as served:
        report = run.load(served, "echo", "tcp", connections=3, size=1 << 20, operations=6)
    assert report["operations"] > 0


@runtimes(FLOOR, URING)
def test_exactly_the_operations_asked_for(runtime):
    with running(runtime, "protocol", "tcp") as served:
        for mode in ("echo", "churn"):
            report = run.load(served, mode, "tcp", connections=3, size=10, operations=100)
            assert report["operations"] == 100


@runtimes(FLOOR, URING)
def test_churn(runtime):
    with running(runtime, "protocol", "tcp") as served:
        report = run.load(served, "churn", "tcp", connections=4, size=1, operations=40)
    assert report["bytes"] == report["operations"] > 0


@runtimes(FLOOR, URING)
def test_bulk_counts_what_arrived(runtime):
    with running(runtime, "sink", "tcp") as served:
        report = run.load(served, "bulk", "tcp", size=1 << 16, operations=20)
    assert report["operations"] >= 20
    assert report["bytes"] >> 20 == report["operations"]


@runtimes(FLOOR, URING)
def test_idle_connections_stay_open_until_the_end(runtime):
    def open_files():
        return len(os.listdir(f"/proc/{served.pid}/fd"))

    with running(runtime, "protocol", "tcp") as served:
        before = open_files()
        with run.held_load(served, "idle", "tcp", connections=200, size=64) as held:
            assert held.report()["operations"] == 200
            # They are connected; a busy server accepts them when its turn comes.
            deadline = time.monotonic() + SECONDS_MAX
            while open_files() < before + 200 and time.monotonic() < deadline:
                time.sleep(0.01)
            assert open_files() == before + 200


# --- what the load notices ------------------------------------------------------------------------


def load_on(answer, mode="echo", size=100):
    """Runs the load on a server of one connection that gives back answer(what it received).

    It closes the connection where the answer is None.
    """

    def serve():
        connection, _ = listener.accept()
        with connection:
            while data := connection.recv(1 << 16):
                if (back := answer(data)) is None:
                    break
                connection.sendall(back)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        command = [str(build.program("load")), mode, "--address", address, "--size", str(size)]
        done = subprocess.run(
            [*command, "--operations", "20"], capture_output=True, text=True, timeout=SECONDS_MAX
        )
        thread.join(SECONDS_MAX)
    return done


def flipping(nth):
    """Gives back all messages but the nth, of which one bit is another."""
    seen = 0

    def answer(data):
        nonlocal seen
        seen += 1
        if seen != nth:
            return data
        wrong = bytearray(data)
        wrong[42] ^= 1
        return bytes(wrong)

    return answer


def test_a_right_echo_passes():
    done = load_on(lambda data: data)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["operations"] == 20


@pytest.mark.parametrize("nth", [1, 7])
def test_a_flipped_bit_is_noticed(nth):
    done = load_on(flipping(nth))
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == "load: wrong echo: byte 42 of 100 differs from what was sent\n"


def test_the_message_before_in_place_of_this_one_is_noticed():
    messages = []

    def late(data):
        messages.append(data)
        return messages[max(0, len(messages) - 2)]

    assert "wrong echo" in load_on(late).stderr


def test_more_than_was_sent_is_noticed():
    assert "more came back than was sent" in load_on(lambda data: data + b"x").stderr


def test_a_closed_connection_is_noticed():
    done = load_on(lambda data: None)
    assert done.returncode == 1
    assert "the server closed a connection: 0 of 100 bytes" in done.stderr


def test_a_sink_that_lost_some_is_noticed():
    total = 0

    def count(data):
        nonlocal total
        total += len(data)
        return (total - 1).to_bytes(8, "little") if total >= 20 << 20 else b""

    done = load_on(count, mode="bulk", size=1 << 20)
    assert done.returncode == 1
    assert "bytes, " in done.stderr


def test_no_server_is_an_error():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
    command = [str(build.program("load")), "echo", "--address", address]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_MAX)
    assert done.returncode == 1
    assert "Connection refused" in done.stderr


# --- rows -----------------------------------------------------------------------------------------


@pytest.fixture
def unhurried(monkeypatch):
    """Time enough for each row to get something done on a busy machine, too."""
    monkeypatch.setattr(rows, "seconds", lambda quick: {"seconds": 1.5, "warmup": 0.1})


@pytest.mark.parametrize(
    "name", ["protocol 1x64", "tls streams 32x1K", "bulk receive", "churn", "process pipe"]
)
def test_rows_give_samples(name, unhurried):
    sample = ROWS[name].sample(STOCK, quick=True)
    assert isinstance(sample, Sample)
    assert sample.operations > 0
    assert sample.wall > 0
    assert sample.cpu > 0
    assert sample.memory > 5 << 20


def test_idle_row_gives_memory_per_connection():
    extra = ROWS["idle"].sample(STOCK, quick=True).extra
    assert 500 < extra["bytes_per_connection"] < 50_000


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("protocol 1x64", "create_server: NotImplementedError"),
        ("udp 32x1K", "create_datagram_endpoint: NotImplementedError"),
        ("sock 32x1K", "sock_accept: NotImplementedError"),
        ("process spawn", "subprocess_exec: NotImplementedError"),
    ],
)
def test_a_loop_that_lacks_it_is_absent(name, reason):
    with pytest.raises(Absent, match=reason):
        ROWS[name].sample(BARE, quick=True)


def test_a_loop_that_is_not_installed_is_absent():
    unknown = Runtime(name="none", python=Path(sys.executable), setup="no_such_loop:new_event_loop")
    with pytest.raises(Absent, match="no_such_loop"):
        ROWS["protocol 1x64"].sample(unknown, quick=True)


@pytest.mark.parametrize("name", ["uvicorn", "aiohttp"])
def test_frameworks_answer_or_are_absent(name):
    try:
        sample = ROWS[name].sample(STOCK, quick=True)
    except Absent as absent:
        assert re.search(r"No module named '(uvicorn|aiohttp)|wrk is missing", str(absent))
    else:
        assert sample.operations > 0
        assert sample.extra["latency_p50"] > 0


def test_too_few_open_files_are_said(monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda which: (256, 256))
    with pytest.raises(Absent, match="open files, the limit is 256"):
        ROWS["idle"].sample(STOCK, quick=True)


def test_rows_without_a_floor_are_absent_there():
    for name in ("tls protocol 32x1K", "uvicorn", "process spawn"):
        with pytest.raises(Absent, match="no floor"):
            ROWS[name].sample(FLOOR, quick=True)


def test_system_calls_of_a_message():
    try:
        calls = ROWS["protocol 1x64"].syscalls(FLOOR)
    except Absent as absent:
        pytest.skip(str(absent))
    assert calls == pytest.approx(3, abs=0.1)  # epoll_wait, recv, send


def test_names_are_unique_and_quick_rows_are_a_part_of_all():
    rows = workloads(quick=False)
    assert len(ROWS) == len(rows)
    assert {row.plane for row in rows} == {"network"}
    quick = workloads(quick=True)
    assert 0 < len(quick) < len(rows)
    assert set(quick) <= set(rows)


def test_what_wrk_prints():
    text = """
  Latency Distribution
     50%    1.50ms
     99%  250.00us
  1234 requests in 1.10s, 0.16MB read
"""
    assert read_wrk(text) == {
        "operations": 1234,
        "wall": 1.1,
        "latency_p50": pytest.approx(0.0015),
        "latency_p99": pytest.approx(0.00025),
    }
    with pytest.raises(run.Failed, match="Non-2xx"):
        read_wrk(text + "  Non-2xx or 3xx responses: 3\n")


def fake_floor(folder, said):
    """A server that says so on standard error and ends with status 1."""
    path = folder / "server"
    path.write_text(f"#!/bin/sh\necho '{said}' >&2\nexit 1\n")
    path.chmod(0o755)
    return Runtime(name="fake", python=path, floor=True)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("io_uring: Operation not permitted", "the kernel refuses io_uring: Operation not perm"),
        ("oh dear", "failed: the server ended at its start: oh dear"),
    ],
)
def test_a_server_that_does_not_start_is_absent_with_its_reason(tmp_path, said, reason):
    with pytest.raises(Absent, match=reason):
        with run.server(fake_floor(tmp_path, said), "protocol", "tcp"):
            pytest.fail("it runs")


# --- nothing stays behind -------------------------------------------------------------------------


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_servers_and_loads_end_whatever_happens(error):
    with pytest.raises(error), run.server(STOCK, "protocol", "tcp") as served:
        with run.held_load(served, "idle", "tcp", connections=2, size=1) as held:
            held.report()
            raise error
    for process in (served.process, held.process):
        assert process.returncode is not None


def test_a_server_ends_with_whoever_started_it():
    command = [sys.executable, str(run.HERE / "servers.py"), "protocol", "--setup", STOCK.setup]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as started:
        assert started.stdout.readline().startswith(b"READY 127.0.0.1:")
        said, _ = started.communicate(timeout=SECONDS_MAX)
    assert started.returncode == 0
    assert json.loads(said)["memory"] > 5 << 20
