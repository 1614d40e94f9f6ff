"""Ends of connections for the programs: what happens to each is noted for itself.

When data reaches the other end is not asyncio's to say: a loop may gather what is written in one
iteration. So an end keeps notes of its own, and the program writes them down when it is over.
"""

import asyncio
import re
import socket
import ssl
import tempfile
from pathlib import Path

HOST = "127.0.0.1"
CERTIFICATE = Path(__file__).parent.parent / "data" / "localhost.pem"


def server_context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


def client_context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def shown(value):
    """Its repr without numbers of descriptors, ports and processes."""
    text = value if isinstance(value, str) else repr(value)
    text = re.sub(r"\bfd=\d+", "fd=N", text)
    text = re.sub(r"('(?:127\.0\.0\.\d|0\.0\.0\.0|::1?)', )\d+", r"\1PORT", text)
    return re.sub(r"\bpid=\d+", "pid=N", text)


def hear(t):
    """Have the loop's exception handler write to the transcript what it is told, and of what.

    But for the callback's name, which is that of a private method of asyncio's own transports.
    """

    def handler(loop, context):
        told = {key: shown(value) for key, value in context.items() if key != "exception"}
        if "handle" in told:
            told["message"] = told["message"].partition(" callback ")[0]
            told["handle"] = "a handle"
        t("handler:", told, context.get("exception"))

    t.loop.set_exception_handler(handler)


class End(asyncio.Protocol):
    """Notes every call, and does what the program gives for it: does[name](end, *args)."""

    def __init__(self, **does):
        self.notes = []
        self.does = does
        self.transport = None
        self.gone = asyncio.get_running_loop().create_future()

    def note(self, name, *args):
        self.notes.append((name, *args))
        if name in self.does:
            return self.does[name](self, *args)

    @property
    def calls(self):
        """The notes, with data that came in several pieces joined."""
        joined = []
        for name, *args in self.notes:
            if name == "data" and joined and joined[-1][0] == "data":
                joined[-1] = ("data", joined[-1][1] + args[0])
            else:
                joined.append((name, *args))
        return joined

    def connection_made(self, transport):
        self.transport = transport
        self.note("made")

    def data_received(self, data):
        self.note("data", data)

    def eof_received(self):
        return self.note("eof")

    def pause_writing(self):
        self.note("pause")

    def resume_writing(self):
        self.note("resume")

    def connection_lost(self, exc):
        if not self.gone.done():
            self.gone.set_result(exc)
        self.note("lost", exc)


class BufferedEnd(End, asyncio.BufferedProtocol):
    """The same with buffers of its own; `sizes` of them in turn, the last one for ever."""

    def __init__(self, sizes=(10,), **does):
        super().__init__(**does)
        self.sizes = list(sizes)

    def get_buffer(self, sizehint):
        size = self.sizes.pop(0) if len(self.sizes) > 1 else self.sizes[0]
        self.buffer = bytearray(size)
        given = self.note("get", size)
        return self.buffer if given is None else given

    def buffer_updated(self, count):
        self.note("data", bytes(self.buffer[:count]))


async def pair(loop, **does):
    """An end on one of two connected sockets, and the other one of them, not blocking."""
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    _, end = await loop.create_connection(lambda: End(**does), sock=ours)
    return end, theirs


async def two_ends(loop, client, server, **options):
    """Two ends connected through a TCP server, which is closed by then."""
    accepted = loop.create_future()

    def made():
        end = server()
        loop.call_soon(accepted.set_result, end)
        return end

    over_tls = {"ssl": server_context()} if options.get("ssl") else {}
    listening = await loop.create_server(made, HOST, 0, **over_tls)
    port = listening.sockets[0].getsockname()[1]
    _, end = await loop.create_connection(client, HOST, port, **options)
    other = await accepted
    await until(lambda: other.transport is not None)  # over TLS that takes a handshake
    listening.close()
    return end, other


async def until(condition, seconds=5):
    """Wait for something that no callback tells of."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        if asyncio.get_running_loop().time() > deadline:
            raise TimeoutError("it has not come to that")
        await asyncio.sleep(0.001)


async def quiet():
    """Long enough for whatever is on its way to arrive."""
    await asyncio.sleep(0.005)


async def everything(loop, sock, size=None):
    """What the socket receives until its end, or that many bytes."""
    data = b""
    while size is None or len(data) < size:
        piece = await loop.sock_recv(sock, 1 << 20)
        if not piece:
            break
        data += piece
    return data


def in_folder(use):
    """Call it with an empty folder that is there for so long."""
    with tempfile.TemporaryDirectory() as name:
        return use(Path(name))
