"""The programs of memory_programs.py that are about descriptors: importing this registers them."""

import asyncio
import os
import socket
import sys

import memory_programs
from memory_programs import HOST, coroutine_program, program


@program
def readers(loop):
    a, b = socket.socketpair()
    with a, b:
        loop.add_writer(a, b.send, b"x")
        loop.add_reader(a, loop.stop)
        try:
            loop.run_forever()
        finally:
            loop.remove_reader(a)
            loop.remove_writer(a)


@coroutine_program
async def socket_calls(loop):
    a, b = socket.socketpair()
    with a, b, socket.socket() as listening:
        a.setblocking(False)
        b.setblocking(False)
        received = loop.create_task(loop.sock_recv(a, 10))
        await asyncio.sleep(0)
        await loop.sock_sendall(b, b"x")
        await received
        await loop.sock_sendall(b, b"yy")
        await loop.sock_recv_into(a, bytearray(10))
        listening.setblocking(False)
        listening.bind((HOST, 0))
        listening.listen()
        with socket.socket() as client:
            client.setblocking(False)
            accepted = loop.create_task(loop.sock_accept(listening))
            await loop.sock_connect(client, listening.getsockname())
            (await accepted)[0].close()


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)

    def eof_received(self):
        if self.transport.can_write_eof():  # TLS can't
            self.transport.write_eof()


class Notes(asyncio.Protocol, asyncio.DatagramProtocol, asyncio.SubprocessProtocol):
    """Sets `got` when something is received, and `lost` at the end of the connection."""

    def __init__(self):
        self.got = asyncio.get_running_loop().create_future()
        self.lost = asyncio.get_running_loop().create_future()

    def note(self, *what):
        if not self.got.done():
            self.got.set_result(what)

    data_received = datagram_received = pipe_data_received = note

    def connection_lost(self, exc):
        if not self.lost.done():
            self.lost.set_result(None)
        self.note(exc)

    error_received = connection_lost


class BufferedNotes(asyncio.BufferedProtocol, Notes):
    def get_buffer(self, size):
        self.buffer = bytearray(100)
        return self.buffer

    def buffer_updated(self, count):
        self.note(count)


@coroutine_program
async def transports(loop):
    a, b = socket.socketpair()
    first, _ = await loop.create_connection(Echo, sock=a)
    second, notes = await loop.create_connection(Notes, sock=b)
    try:
        second.write(b"x")
        second.writelines([b"y", b"z"])
        await notes.got
        second.write_eof()
        await notes.lost
    finally:
        first.abort()
        second.abort()


@coroutine_program
async def buffered_transports(loop):
    a, b = socket.socketpair()
    first, _ = await loop.create_connection(Echo, sock=a)
    second, notes = await loop.create_connection(BufferedNotes, sock=b)
    try:
        second.write(b"x")
        await notes.got
    finally:
        first.abort()
        second.abort()


@coroutine_program
async def servers(loop):
    server = await loop.create_server(Echo, HOST, 0)
    async with server:
        address = server.sockets[0].getsockname()
        client, notes = await loop.create_connection(Notes, *address)
        try:
            client.write(b"x")
            await notes.got
        finally:
            client.close()


@coroutine_program
async def streams(loop):
    async def serve(reader, writer):
        try:
            writer.write(await reader.readline())
            await writer.drain()
        finally:
            writer.close()

    server = await asyncio.start_server(serve, HOST, 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        try:
            writer.write(b"line\n")
            await writer.drain()
            await reader.readuntil(b"\n")
            await reader.read()
        finally:
            writer.close()


@coroutine_program
async def stream_readers(loop):
    reader = asyncio.StreamReader()
    reading = asyncio.gather(reader.readexactly(3))
    await asyncio.sleep(0)
    reader.feed_data(b"ab")
    reader.feed_data(b"cd\ne")
    await reading
    await reader.readline()
    reader.feed_eof()
    await reader.read()


@coroutine_program
async def datagrams(loop):
    first, notes = await loop.create_datagram_endpoint(Notes, local_addr=(HOST, 0))
    address = first.get_extra_info("sockname")
    second, _ = await loop.create_datagram_endpoint(Notes, remote_addr=address)
    try:
        second.sendto(b"x")
        await notes.got
    finally:
        first.close()
        second.close()


@coroutine_program
async def pipes(loop):
    reading, writing = os.pipe()
    with open(reading, "rb", 0) as out, open(writing, "wb", 0) as into:
        reader, notes = await loop.connect_read_pipe(Notes, out)
        writer, _ = await loop.connect_write_pipe(Notes, into)
        try:
            writer.write(b"x")
            await notes.got
        finally:
            writer.close()
            reader.close()


@coroutine_program
async def unix_servers(loop):
    path = os.path.join(memory_programs.prepared.folder, "socket")
    server = await loop.create_unix_server(Echo, path)
    async with server:
        client, notes = await loop.create_unix_connection(Notes, path)
        try:
            client.write(b"x")
            await notes.got
        finally:
            client.close()


@coroutine_program
async def subprocesses(loop):
    if sys.version_info < (3, 12):
        asyncio.get_child_watcher().attach_loop(loop)
    process = await asyncio.create_subprocess_exec("cat", stdin=-1, stdout=-1)
    try:
        await process.communicate(b"x")
    finally:
        if process.returncode is None:
            process.kill()


@coroutine_program
async def tls(loop):
    server = await loop.create_server(Echo, HOST, 0, ssl=memory_programs.prepared.server_tls)
    async with server:
        address = server.sockets[0].getsockname()
        client, notes = await loop.create_connection(
            Notes, *address, ssl=memory_programs.prepared.client_tls
        )
        try:
            client.write(b"x")
            await notes.got
        finally:
            client.close()
