"""The rows of the network plane, and the floors: echo servers that no loop can beat."""

from harness.model import Runtime

from network import build
from network.rows import FLOORS, Http, Idle, Itself, Load

KIB = 1 << 10

# kind, transport, heading, short name, and CONNECTIONSxSIZE of each row; those with a star are
# measured in quick mode too.
ECHOES = (
    (
        *("protocol", "tcp", "echo, Protocol", "protocol"),
        "1x64 1x1K 1x64K 32x64 32x1K* 32x64K 512x64 512x1K 512x64K",
    ),
    ("buffered", "tcp", "echo, BufferedProtocol", "buffered", "1x64 32x1K 32x64K 512x1K"),
    ("streams", "tcp", "echo, streams", "streams", "1x64 32x1K* 32x64K 512x1K"),
    ("sock", "tcp", "echo, sock_*", "sock", "1x64 32x1K 32x64K 512x1K"),
    ("protocol", "unix", "Unix", "unix protocol", "1x64 32x1K 32x64K"),
    ("streams", "unix", "Unix", "unix streams", "32x1K"),
    ("protocol", "udp", "UDP", "udp", "1x64 32x1K*"),
    ("protocol", "tls", "TLS", "tls protocol", "1x64 32x1K* 32x64K"),
    ("streams", "tls", "TLS", "tls streams", "32x1K 32x64K"),
)


def floors():
    """The floors, as runtimes. One that can't be built says so when it is measured."""
    return [
        Runtime(name=name, python=build.BUILD / program, floor=True, planes=("network",))
        for name, program in FLOORS.items()
    ]


def workloads(quick):
    """Every row; in quick mode only the most telling, of each kind of work one."""
    rows = [*echoes(), connections_bulk(), connections_churn(), connections_idle()]
    rows += [*frameworks(), *processes(), lookup()]
    return [row for row in rows if row.quick or not quick]


def echoes():
    for kind, transport, group, short, cells in ECHOES:
        for cell in cells.split():
            shape = cell.rstrip("*")
            connections, size = sizes(shape)
            yield Load(
                name=f"{short} {shape}",
                group=group,
                unit="message",
                what=f"{group}: a message of {size} bytes out and back, again and again, on "
                + ("one connection" if connections == 1 else f"each of {connections} connections"),
                quick=cell.endswith("*"),
                kind=kind,
                transport=transport,
                connections=connections,
                size=size,
            )


def sizes(shape):
    """(connections, bytes) of "32x1K"."""
    connections, _, size = shape.partition("x")
    return int(connections), int(size.removesuffix("K")) * (KIB if size.endswith("K") else 1)


def connections_bulk():
    return Load(
        name="bulk receive",
        group="connections",
        unit="MiB",
        what="one connection sends as fast as the server takes it",
        kind="sink",
        mode="bulk",
        size=64 * KIB,
        traced=200,
    )


def connections_churn():
    return Load(
        name="churn",
        group="connections",
        unit="connection",
        what="connect, one byte out and back, close; 16 at a time",
        quick=True,
        mode="churn",
        connections=16,
        traced=500,
    )


def connections_idle():
    return Idle(
        name="idle",
        group="connections",
        unit="connection",
        what="10 000 connections (2000 if quick), opened, used once and then idle",
        quick=True,
    )


def frameworks():
    for kind in ("uvicorn", "aiohttp"):
        yield Http(
            name=kind,
            group="HTTP",
            unit="request",
            what=f"{kind}'s server under wrk, 32 connections, answers of 13 bytes",
            quick=kind == "uvicorn",
            kind=kind,
        )


def processes():
    yield Itself(
        name="process spawn",
        group="processes",
        unit="process",
        what="/bin/true started and waited for; the CPU time is the parent's",
        quick=True,
        script="spawn",
    )
    yield Itself(
        name="process pipe",
        group="processes",
        unit="message",
        what="1 KiB to a cat and back; the CPU time is the parent's",
        script="pipe",
    )


def lookup():
    return Itself(
        name="getaddrinfo",
        group="names",
        unit="lookup",
        what="getaddrinfo() of a numeric address",
        script="lookup",
    )
