"""open_connection() and start_server(), plain and over TLS."""

import asyncio
import socket

from endpoints import HOST, client_context, hear, in_folder, quiet, server_context, shown
from registry import program
from transcript import hops

TLS = (False, True)


async def serving(serve, tls, **options):
    if tls:
        options["ssl"] = server_context()
    server = await asyncio.start_server(serve, HOST, 0, **options)
    return server, server.sockets[0].getsockname()[:2]


async def closed(writer, server):
    """Close both, and give TLS time to say goodbye."""
    writer.close()
    await writer.wait_closed()
    server.close()
    await quiet()


async def opening(address, tls, **options):
    if tls:
        options["ssl"] = client_context()
    return await asyncio.open_connection(*address, **options)


@program
def questions_and_answers(t):
    async def serve(reader, writer):
        async for line in reader:
            writer.write(line.upper())
            await writer.drain()
        writer.write(b"bye")
        writer.close()
        await writer.wait_closed()

    async def main(tls):
        server, address = await serving(serve, tls, limit=1 << 20)
        reader, writer = await opening(address, tls)
        t(writer.get_extra_info("sslcontext") is not None, writer.can_write_eof())
        t(isinstance(writer, asyncio.StreamWriter), isinstance(reader, asyncio.StreamReader))
        writer.writelines([b"one\n", b"two\n"])
        t(await reader.readline(), await reader.readexactly(4))
        writer.write(b"x" * 100_000 + b"\n")
        await writer.drain()
        try:
            t(await reader.readuntil(b"\n"))
        except asyncio.LimitOverrunError as caught:
            t(caught.consumed > 1 << 16)
        t(len(await reader.readexactly(100_001)))
        if writer.can_write_eof():
            writer.write_eof()
            t(await reader.read(), reader.at_eof())
        t(writer.is_closing())
        writer.close()
        t(writer.is_closing())
        await writer.wait_closed()
        server.close()
        await quiet()

    for tls in TLS:
        t.run(main(tls))


@program
def limits_and_pauses(t):
    size = 1 << 20

    async def serve(reader, writer):
        writer.write(bytes(size))
        await writer.drain()
        writer.close()

    async def main(tls):
        server, address = await serving(serve, tls)
        reader, writer = await opening(address, tls, limit=1000)
        await quiet()
        t(len(reader._buffer) > 1000, len(reader._buffer) < size, writer.transport.is_reading())
        data = b""
        while piece := await reader.read(10_000):
            data += piece
        t(len(data) == size, reader.at_eof())
        await closed(writer, server)

    for tls in TLS:
        t.run(main(tls))


# Earlier releases leave the connection of a handler that failed open for ever.
@program(since=(3, 11, 7))
def errors_of_a_handler(t):
    async def main(tls):
        async def fails(reader, writer):
            raise ValueError("handler")

        hear(t)
        server, address = await serving(fails, tls)
        reader, writer = await opening(address, tls)
        t(await reader.read())
        writer.close()
        server.close()

        async def cancelled(reader, writer):
            try:
                await reader.read()
            finally:
                writer.close()

        server, address = await serving(cancelled, tls)
        reader, writer = await opening(address, tls)
        await quiet()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        t(await reader.read())
        writer.close()
        server.close()
        await quiet()

    t.run(main(False))


@program
def handlers_that_are_plain_functions(t):
    async def main():
        seen = []
        server, address = await serving(lambda *args: seen.append(args), False)
        reader, writer = await opening(address, False)
        await quiet()
        t(len(seen), [type(part).__name__ for part in seen[0]])
        seen[0][1].close()
        t(await reader.read())
        writer.close()
        server.close()

    t.run(main())


@program
def connections_that_break(t):
    async def main():
        async def serve(reader, writer):
            writer.write(b"partial")
            await writer.drain()
            await reader.read(1)
            writer.transport.abort()

        hear(t)
        server, address = await serving(serve, False)
        reader, writer = await opening(address, False)
        writer.write(b"x")
        try:
            await reader.readexactly(100)
        except asyncio.IncompleteReadError as caught:
            t(caught)
        t(reader.at_eof())
        writer.close()
        await writer.wait_closed()
        try:
            writer.write(b"late")
            await writer.drain()
        except ConnectionError as caught:
            t(caught)
        server.close()

    t.run(main())


@program
def drained_while_closing(t):
    async def main():
        ours, theirs = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=ours)
        writer.write(b"data")
        writer.close()
        try:
            await writer.drain()
            t("drained")
        except ConnectionError as caught:
            t(caught)
        t(await writer.wait_closed(), await reader.read())
        try:
            await writer.drain()
        except ConnectionError as caught:
            t(caught)
        theirs.close()

    t.run(main())


@program
def unix_streams(t):
    def use(folder):
        async def serve(reader, writer):
            writer.write(await reader.readline())
            writer.close()

        async def main(path):
            server = await asyncio.start_unix_server(serve, path)
            reader, writer = await asyncio.open_unix_connection(path)
            writer.write(b"hello\n")
            t(await reader.read(), writer.get_extra_info("peername") in (path, path.encode()))
            writer.close()
            server.close()
            await server.wait_closed()

        t.run(main(str(folder / "socket")))
        t.run(main(f"\0phaseloop{folder}"))

    in_folder(use)


@program
def start_tls(t):
    async def main():
        async def serve(reader, writer):
            t("plain", await reader.readline())
            writer.write(b"go\n")
            await writer.start_tls(server_context())
            writer.write(await reader.readline())
            writer.close()

        server, address = await serving(serve, False)
        reader, writer = await opening(address, False)
        writer.write(b"hello\n")
        t(await reader.readline(), writer.get_extra_info("cipher"))
        await writer.start_tls(client_context())
        t(writer.get_extra_info("cipher") is not None, type(writer.transport).__name__)
        writer.write(b"secret\n")
        t(await reader.read(), reader.at_eof())
        await closed(writer, server)

    t.run(main())


@program
def tls_that_fails(t):
    async def main():
        hear(t)

        async def serve(reader, writer):
            writer.close()

        server, address = await serving(serve, True)
        try:
            await asyncio.open_connection(*address, ssl=True)
        except OSError as caught:
            t(type(caught).__name__)
        await quiet()
        server.close()
        server, address = await serving(serve, False)
        try:
            await opening(address, True)
        except OSError as caught:
            t(type(caught).__name__)
        await quiet()
        server.close()

    t.run(main())
    t.lines[:] = [line for line in t.lines if "ResourceWarning" not in line]


@program
def writers_tell(t):
    async def main():
        ours, theirs = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=ours)
        t(shown(writer), shown(reader))
        t(writer.transport.get_protocol() is not None, writer.get_extra_info("none", 5))
        for call, *args in ((writer.write, "text"), (writer.writelines, ["text"])):
            t.refusal("write", call, *args)
        task = asyncio.ensure_future(writer.drain())
        await hops(1)
        t(task.done())
        writer.close()
        await writer.wait_closed()
        theirs.close()
        await quiet()
        t(shown(reader))

    t.run(main())
