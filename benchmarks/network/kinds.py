"""The echo servers by API, and a sink: each returns its address and what keeps it serving."""

import asyncio
import importlib
import socket
from dataclasses import dataclass
from ssl import SSLContext

READ_SIZE = 1 << 16
BUFFER_SIZE = 1 << 18  # as much as asyncio asks for at a time


class Lacking(Exception):
    """The loop lacks what the server needs. The text says what."""


@dataclass(frozen=True)
class Wanted:
    """transport: tcp, unix, tls or udp; path: the socket's, for unix; tls: the context, for TLS."""

    transport: str
    path: str | None
    tls: SSLContext | None


def runner_on(setup):
    """A runner on a loop that "module:function" makes. Raises Lacking if it is not installed."""
    module, _, function = setup.partition(":")
    try:
        runner = asyncio.Runner(loop_factory=getattr(importlib.import_module(module), function))
        runner.get_loop()
    except ImportError as missing:
        raise Lacking(str(missing)) from missing
    return runner


async def ask(loop, method, *arguments, **options):
    """Calls and awaits a method of the loop. Raises Lacking if it has none of that name."""
    try:
        return await getattr(loop, method)(*arguments, **options)
    except (NotImplementedError, AttributeError) as missing:
        raise Lacking(f"{method}: {type(missing).__name__}") from missing


async def listen(wanted, factory):
    """Has the loop serve protocols made by the factory."""
    loop = asyncio.get_running_loop()
    if wanted.transport == "unix":
        server = await ask(loop, "create_unix_server", factory, wanted.path)
        return wanted.path, server
    server = await ask(loop, "create_server", factory, "127.0.0.1", 0, ssl=wanted.tls)
    return text_of(server.sockets[0].getsockname()), server


def text_of(name):
    host, port = name[:2]
    return f"{host}:{port}"


# --- Protocol -------------------------------------------------------------------------------------


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


class DatagramEcho(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        self.transport.sendto(data, address)


async def serve_protocol(wanted):
    if wanted.transport != "udp":
        return await listen(wanted, Echo)
    loop = asyncio.get_running_loop()
    made = await ask(loop, "create_datagram_endpoint", DatagramEcho, local_addr=("127.0.0.1", 0))
    return text_of(made[0].get_extra_info("sockname")), made


class BufferedEcho(asyncio.BufferedProtocol):
    """All connections read into one buffer: it is empty again when buffer_updated() returns."""

    buffer = memoryview(bytearray(BUFFER_SIZE))

    def connection_made(self, transport):
        self.transport = transport

    def get_buffer(self, sizehint):
        return self.buffer

    def buffer_updated(self, count):
        # A copy, since a transport may keep what it can't send at once, and the buffer changes.
        self.transport.write(bytes(self.buffer[:count]))


async def serve_buffered(wanted):
    return await listen(wanted, BufferedEcho)


class Sink(asyncio.Protocol):
    """Counts what comes; at its end answers with the count, in eight bytes, least first."""

    def connection_made(self, transport):
        self.transport = transport
        self.count = 0

    def data_received(self, data):
        self.count += len(data)

    def eof_received(self):
        self.transport.write(self.count.to_bytes(8, "little"))
        return False  # closes, once the answer is out


async def serve_sink(wanted):
    return await listen(wanted, Sink)


# --- streams --------------------------------------------------------------------------------------


async def echo_stream(reader, writer):
    while data := await reader.read(READ_SIZE):
        writer.write(data)
        await writer.drain()
    writer.close()


async def serve_streams(wanted):
    # asyncio.start_server() is no more than this around the loop's create_server().
    loop = asyncio.get_running_loop()

    def factory():
        reader = asyncio.StreamReader(loop=loop)
        return asyncio.StreamReaderProtocol(reader, echo_stream, loop=loop)

    return await listen(wanted, factory)


# --- sock_* ---------------------------------------------------------------------------------------


async def echo_sock(loop, connection):
    with connection:
        try:
            while data := await loop.sock_recv(connection, READ_SIZE):
                await loop.sock_sendall(connection, data)
        except ConnectionError:
            pass  # the load has gone


async def accept_socks(loop, listener, tasks):
    while True:
        connection, _ = await loop.sock_accept(listener)
        if connection.family == socket.AF_INET:
            # A transport sets it by itself; so that all answer alike, it is set here too.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        task = loop.create_task(echo_sock(loop, connection))
        tasks.add(task)
        task.add_done_callback(tasks.discard)


async def try_socks(loop):
    """Raises Lacking unless the loop can do all that the server needs."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        with socket.create_connection(listener.getsockname()) as near:
            near.setblocking(False)
            far, _ = await ask(loop, "sock_accept", listener)
            with far:
                await ask(loop, "sock_sendall", near, b"x")
                await ask(loop, "sock_recv", far, 1)


async def serve_sock(wanted):
    loop = asyncio.get_running_loop()
    await try_socks(loop)
    if wanted.transport == "unix":
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(wanted.path)
        listener.listen(100)
        address = wanted.path
    else:
        listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        address = text_of(listener.getsockname())
    listener.setblocking(False)
    tasks = set()
    tasks.add(loop.create_task(accept_socks(loop, listener, tasks)))
    return address, tasks
