"""Streams over real sockets and pipes: what either end sees."""

import asyncio
import socket
import struct
import subprocess
import sys

from registry import program


class Pair:
    """A server whose streams serve() gets, and a connection to it."""

    def __init__(self, t, serve, **options):
        self.t, self.serve, self.options = t, serve, options
        self.served = t.loop.create_future()

    async def connected(self, reader, writer):
        try:
            await self.serve(reader, writer)
        except Exception as exc:
            self.t("server raised", exc)
        finally:
            writer.close()
            self.served.set_result(None)

    async def __aenter__(self):
        self.server = await asyncio.start_server(self.connected, "127.0.0.1", 0, **self.options)
        address = self.server.sockets[0].getsockname()
        self.reader, self.writer = await asyncio.open_connection(*address, **self.options)
        return self.reader, self.writer

    async def __aexit__(self, *exc):
        self.writer.close()
        await self.served
        self.server.close()


def reports(t):
    """The exception handler writes what is reported."""
    t.loop.set_exception_handler(
        lambda loop, context: t("reported", context["message"], context.get("exception"))
    )


@program
def lines_there_and_back(t):
    async def serve(reader, writer):
        async for line in reader:
            writer.write(line.upper())
            await writer.drain()
        t("server at eof", reader.at_eof())

    async def main():
        async with Pair(t, serve) as (reader, writer):
            writer.writelines([b"one\ntwo\n", b"three"])
            t(await reader.readline(), await reader.readuntil(b"\n"))
            writer.write_eof()
            t(await reader.readexactly(3), await reader.read(), reader.at_eof())
            t(await reader.read(), await reader.readline())
            t(writer.can_write_eof(), writer.is_closing())
            try:
                await reader.readexactly(1)
            except asyncio.IncompleteReadError as exc:
                t(exc, exc.partial, exc.expected)

    t.run(main())


@program
def too_long_for_the_limit(t):
    async def serve(reader, writer):
        writer.write(b"x" * 500 + b"\nshort\n" + b"y" * 90 + b"\n")
        writer.write_eof()
        await reader.read()

    async def main():
        async with Pair(t, serve, limit=64) as (reader, writer):
            got = []
            while not reader.at_eof():
                try:
                    got.append(await reader.readline())
                except ValueError as exc:
                    t(exc.args)
            t(b"".join(got)[-7:])
            writer.write_eof()

    t.run(main())


@program
def much_data_and_drain(t):
    size = 3_000_000

    async def serve(reader, writer):
        total = 0
        while total < size:
            data = await reader.read(100_000)
            total += len(data)
            writer.write(data)
            await writer.drain()

    async def main():
        async with Pair(t, serve) as (reader, writer):

            async def send(part):
                writer.write(part * (size // 3))
                await writer.drain()

            sending = [asyncio.ensure_future(send(part)) for part in (b"a", b"b", b"c")]
            data = await reader.readexactly(size)
            await asyncio.gather(*sending)
            t(len(data), data.count(b"a"), data.count(b"b"), data.count(b"c"))

    t.run(main())


@program
def the_other_end_resets(t):
    async def main():
        with socket.create_server(("127.0.0.1", 0)) as listener:
            reader, writer = await asyncio.open_connection(*listener.getsockname())
            other, _ = listener.accept()
            waiting = asyncio.ensure_future(reader.read(10))
            await asyncio.sleep(0)
            other.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            other.close()
            for what in (waiting, reader.readline(), writer.drain(), writer.wait_closed()):
                try:
                    t(await what)
                except OSError as exc:
                    t(type(exc).__name__, exc.args)
            t(reader.exception(), writer.is_closing(), reader.at_eof())

    t.run(main())


@program
def the_other_end_goes_while_reading_on(t):
    async def serve(reader, writer):
        writer.write(b"some")
        writer.close()
        await writer.wait_closed()
        for _ in range(2):
            try:
                await writer.drain()
            except ConnectionResetError as exc:
                t("server", exc.args)

    async def main():
        async with Pair(t, serve) as (reader, writer):
            t(await reader.read(), reader.at_eof(), reader._buffer, writer.is_closing())

    t.run(main())


async def read_from(t, callback):
    """What a client reads from a server with this callback."""
    server = await asyncio.start_server(callback, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    t(callback.__name__, await reader.read())
    writer.close()
    server.close()


# Earlier releases leave the connection of a coroutine that failed open for ever.
@program(since=(3, 11, 7))
def a_callback_that_fails(t):
    reports(t)

    async def fails(reader, writer):
        raise ValueError("of the coroutine")

    t.run(read_from(t, fails))


@program
def a_callback_that_is_a_function(t):
    reports(t)

    def returns(reader, writer):
        writer.write(b"from a function")
        writer.close()

    t.run(read_from(t, returns))


@program(since=(3, 13))
def a_callback_that_is_cancelled(t):
    reports(t)

    async def is_cancelled(reader, writer):
        raise asyncio.CancelledError

    t.run(read_from(t, is_cancelled))


@program(since=(3, 14))
def a_function_that_fails(t):
    reports(t)

    def fails(reader, writer):
        raise ValueError("of the function")

    t.run(read_from(t, fails))


@program
def one_reader_at_a_time(t):
    async def serve(reader, writer):
        await reader.read()

    async def main():
        async with Pair(t, serve) as (reader, writer):
            first = asyncio.ensure_future(reader.readline())
            await asyncio.sleep(0)
            for second in (reader.read(1), reader.readexactly(1), reader.readline()):
                try:
                    await second
                except RuntimeError as exc:
                    t(exc)
            t(first.cancel())
            t((await asyncio.gather(first, return_exceptions=True))[0])
            t(reader._waiter)
            writer.write_eof()
            t(await reader.readline())

    t.run(main())


@program
def child_processes(t):
    async def main():
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        code = "import sys; d = sys.stdin.read(); print(len(d)); sys.stderr.write(d[:5]); exit(3)"
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, **pipes)
        t(await process.communicate(b"input" * 50_000), process.returncode)
        process = await asyncio.create_subprocess_shell("cat; echo end", **pipes, limit=100)
        process.stdin.write(b"line\n" * 10)
        await process.stdin.drain()
        t(await process.stdout.readline())
        process.stdin.close()
        await process.stdin.wait_closed()
        t(await process.stdout.readuntil(b"end\n"))
        t(await process.stdout.read(), await process.stderr.read(), await process.wait())
        process = await asyncio.create_subprocess_exec("true", **pipes)
        await process.wait()
        t(await process.communicate(b"nobody reads it" * 100_000))

    t.run(main())
