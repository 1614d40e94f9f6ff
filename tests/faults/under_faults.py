"""Run with failing_calls.c preloaded: each scene under each fault, on one runtime.

    under_faults.py RUNTIME AT     prints, for every case, a line of JSON: what came of it

Which calls are made differs between runtimes; what comes of the first call of a kind, whatever it
is about, does not. AT other than 1 has a later one fail.
"""

import asyncio
import ctypes
import errno
import gc
import json
import os
import socket
import sys
import tempfile
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from descriptors import open_descriptors

KINDS = {"read": 1, "write": 2, "accept": 3, "connect": 4, "sendfile": 5, "epoll_ctl": 6,
         "socket": 7, "epoll_wait": 8}  # fmt: skip
HOST = "127.0.0.1"
SIZE = 300_000
SECONDS = 1.5

faults = ctypes.CDLL(None)


class Collecting(asyncio.Protocol):
    """What is received, until the end; and of what kind that was."""

    def __init__(self):
        self.data = b""
        self.lost = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.data += data

    def connection_lost(self, exc):
        self.lost.set_result(type(exc).__name__)


class CollectingDatagrams(Collecting, asyncio.DatagramProtocol):
    def datagram_received(self, data, addr):
        self.data += data

    def error_received(self, exc):
        self.data += f"<{type(exc).__name__}>".encode()


async def stream_received(loop, arm):
    ours, theirs = socket.socketpair()
    with theirs:
        _, end = await loop.create_connection(Collecting, sock=ours)
        await asyncio.sleep(0.005)
        theirs.sendall(b"x" * 10_000)
        arm()
        await asyncio.sleep(0.01)
        theirs.close()
        return await end.lost, len(end.data)


async def stream_sent(loop, arm):
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.setblocking(False)
        transport, end = await loop.create_connection(Collecting, sock=ours)
        await asyncio.sleep(0.005)
        arm()
        transport.write(b"head")
        transport.write(bytes(SIZE))
        transport.writelines([b"tail", b"tail"])
        transport.close()
        received = 0
        try:
            while piece := await loop.sock_recv(theirs, 1 << 16):
                received += len(piece)
        except ConnectionError:
            pass
        lost = await end.lost
        return lost, received if lost == "NoneType" else "less"


async def datagram_received(loop, arm):
    transport, end = await loop.create_datagram_endpoint(CollectingDatagrams, local_addr=(HOST, 0))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"hello", transport.get_extra_info("sockname"))
        arm()
        await asyncio.sleep(0.02)
    data = end.data.decode()
    transport.close()
    return data, await end.lost


async def datagram_sent(loop, arm):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((HOST, 0))
        transport, end = await loop.create_datagram_endpoint(
            CollectingDatagrams, remote_addr=sock.getsockname()
        )
        await asyncio.sleep(0.005)
        arm()
        transport.sendto(b"hello")
        await asyncio.sleep(0.02)
        data = end.data.decode()
        transport.close()
        return data, await end.lost


async def pipe_received(loop, arm):
    reading, writing = os.pipe()
    _, end = await loop.connect_read_pipe(Collecting, open(reading, "rb", 0))
    await asyncio.sleep(0.005)
    os.write(writing, b"x" * 1000)
    arm()
    await asyncio.sleep(0.01)
    os.close(writing)
    return await end.lost, len(end.data)


async def pipe_sent(loop, arm):
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    transport, end = await loop.connect_write_pipe(Collecting, open(writing, "wb", 0))
    await asyncio.sleep(0.005)
    arm()
    transport.write(b"x" * 1000)
    transport.write_eof()
    lost = await end.lost
    os.close(reading)
    return lost


async def served(loop, arm):
    ends = []

    def factory():
        ends.append(Collecting())
        return ends[-1]

    server = await loop.create_server(factory, HOST, 0)
    with socket.socket() as client:
        client.setblocking(False)
        client.connect_ex(server.sockets[0].getsockname())
        arm()
        client_is_served = asyncio.ensure_future(loop.sock_recv(client, 1))
        await asyncio.sleep(1.2 if loop.patient else 0.05)
        client_is_served.cancel()
        await asyncio.wait([client_is_served])
    await asyncio.sleep(0.02)
    server.close()
    return [await end.lost for end in ends]


async def connected(loop, arm):
    server = await loop.create_server(Collecting, HOST, 0)
    try:
        arm()
        transport, end = await loop.create_connection(Collecting, *server.sockets[0].getsockname())
        transport.close()
        return await end.lost
    finally:
        server.close()
        await asyncio.sleep(0.02)


async def socket_calls(loop, arm):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.setblocking(False)
        arm()
        sending = asyncio.ensure_future(loop.sock_sendall(ours, bytes(SIZE)))
        received = 0
        try:
            while received < SIZE:
                piece = await asyncio.wait_for(loop.sock_recv(theirs, 1 << 16), 0.5)
                received += len(piece)
        finally:
            sending.cancel()
            await asyncio.wait([sending])
        return received


async def file_sent(loop, arm):
    ours, theirs = socket.socketpair()
    with ours, theirs, tempfile.TemporaryFile() as file:
        ours.setblocking(False)
        theirs.setblocking(False)
        file.write(bytes(50_000))
        file.seek(0)
        arm()
        sent = await loop.sock_sendfile(ours, file)
        received = 0
        while received < sent:
            received += len(await loop.sock_recv(theirs, 1 << 16))
        return sent


TEMPORARY = ["EINTR", "EAGAIN"]
CASES = [
    *((stream_received, "read", fault) for fault in [*TEMPORARY, "ECONNRESET", "ENOMEM", -3]),
    *((stream_sent, "write", fault) for fault in [*TEMPORARY, "ECONNRESET", "EPIPE", "ENOBUFS"]),
    *((stream_sent, "write", fault) for fault in ["ENOMEM", -1, -1000]),
    *((datagram_received, "read", fault) for fault in [*TEMPORARY, "ECONNREFUSED", "ENOMEM"]),
    *((datagram_sent, "write", fault) for fault in [*TEMPORARY, "ECONNREFUSED", "ENOBUFS"]),
    *((pipe_received, "read", fault) for fault in [*TEMPORARY, "EIO", -3]),
    *((pipe_sent, "write", fault) for fault in [*TEMPORARY, "EPIPE", "ENOMEM"]),
    *((served, "accept", fault) for fault in [*TEMPORARY, "ECONNABORTED", "EMFILE", "ENOBUFS"]),
    *((served, "epoll_ctl", fault) for fault in ["ENOMEM"]),
    *((connected, "connect", fault) for fault in ["ECONNREFUSED", "ENETUNREACH", "EADDRNOTAVAIL"]),
    *((connected, "socket", fault) for fault in ["EMFILE", "ENOBUFS"]),
    *((connected, "epoll_ctl", fault) for fault in ["ENOMEM", "ENOSPC"]),
    *((socket_calls, "write", fault) for fault in [*TEMPORARY, "ECONNRESET", -1]),
    *((socket_calls, "read", fault) for fault in [*TEMPORARY, "ECONNRESET", -1]),
    *((socket_calls, "epoll_ctl", fault) for fault in ["ENOMEM"]),
    *((socket_calls, "epoll_wait", fault) for fault in ["EINTR"]),
    *((file_sent, "sendfile", fault) for fault in [*TEMPORARY, "ECONNRESET", "EINVAL", -1]),
]


def name_of(scene, kind, fault):
    return f"{scene.__name__}: {kind}, {fault}"


def outcome(new_loop, scene, kind, fault, at):
    """What the scene comes to, and what it leaves behind."""
    number = fault if isinstance(fault, int) else getattr(errno, fault)
    loop = new_loop()
    heard = []
    loop.set_exception_handler(lambda _, context: heard.append(type(context.get("exception"))))

    async def main():
        try:
            return await asyncio.wait_for(
                scene(loop, lambda: faults.fault_arm(KINDS[kind], at, number)), SECONDS
            )
        except (OSError, ConnectionError, TimeoutError) as caught:
            return type(caught).__name__

    # A server that is out of resources waits for a second.
    loop.patient = scene is served and at == 1 and fault in ("EMFILE", "ENOBUFS")
    loop.run_until_complete(asyncio.sleep(0))  # it has its own descriptors by then
    before = open_descriptors()
    result = loop.run_until_complete(main())
    fired = faults.fault_fired()
    faults.fault_arm(0, 0, 0)
    gc.collect()
    loop.run_until_complete(asyncio.sleep(0.01))
    left = len(open_descriptors() - before)
    tasks = len(asyncio.all_tasks(loop))
    loop.close()
    told = sorted({kind.__name__ for kind in heard})
    return {"result": result, "fired": fired, "left": left, "tasks": tasks, "told": told}


def main(runtime, at):
    import phaseloop

    new_loop = asyncio.SelectorEventLoop if runtime == "asyncio" else phaseloop.new_event_loop
    warnings.simplefilter("ignore", ResourceWarning)
    for scene, kind, fault in CASES:
        result = outcome(new_loop, scene, kind, fault, int(at))
        print(json.dumps([name_of(scene, kind, fault), result]), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
