"""Usual uses of websockets, server and client: websockets_program.py CERTIFICATE_FOLDER"""

import asyncio
import os
import ssl
import sys
from pathlib import Path

import started
from websockets.asyncio.client import connect
from websockets.asyncio.server import broadcast, serve, unix_serve
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK, InvalidStatus

LARGE = 8 << 20
folder = sys.argv[1]
server_side = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
server_side.load_cert_chain(f"{folder}/certificate.pem", f"{folder}/key.pem")
client_side = ssl.create_default_context(cafile=f"{folder}/authority.pem")


async def echo(connection):
    async for message in connection:
        await connection.send(message)


def where(server, scheme="ws"):
    return f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def check(connection):
    for message in ("short", "ä€😀", "", b"", b"\0" * 70_000, os.urandom(LARGE), "x" * LARGE):
        await connection.send(message)
        assert await connection.recv() == message
    waiting = await connection.ping()
    assert await waiting >= 0
    for number in range(500):
        await connection.send(str(number))
    for number in range(500):
        assert await connection.recv() == str(number)
    await connection.send([b"in ", b"several ", b"frames"])
    assert await connection.recv() == b"in several frames"


async def plain():
    async with (
        serve(echo, "127.0.0.1", 0, max_size=None) as server,
        connect(where(server), max_size=None) as connection,
    ):
        await check(connection)


async def over_tls():
    async with (
        serve(echo, "127.0.0.1", 0, max_size=None, ssl=server_side) as server,
        connect(where(server, "wss"), max_size=None, ssl=client_side) as connection,
    ):
        await check(connection)


async def over_unix_socket():
    path = f"{folder}/websockets"
    async with (
        unix_serve(echo, path, max_size=None),
        connect("ws://localhost/", unix=True, path=path, max_size=None) as connection,
    ):
        await check(connection)
    Path(path).unlink(missing_ok=True)  # from 3.13 on the loop does so


async def untrusted():
    # In development mode the server's side would be logged.
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    async with serve(echo, "127.0.0.1", 0, ssl=server_side) as server:
        try:
            await connect(where(server, "wss"))
        except ssl.SSLCertVerificationError:
            return
        raise AssertionError("trusted a certificate that nobody signed")


async def fifty_at_once():
    async def chat(server, number):
        async with connect(where(server)) as connection:
            for turn in range(20):
                await connection.send(f"{number} {turn}")
                assert await connection.recv() == f"{number} {turn}"

    async with serve(echo, "127.0.0.1", 0) as server, asyncio.TaskGroup() as group:
        for number in range(50):
            group.create_task(chat(server, number))


async def to_everybody():
    async with serve(echo, "127.0.0.1", 0) as server:
        connections = [await connect(where(server)) for _ in range(20)]
        for number in range(50):
            broadcast(server.connections, str(number))
        for connection in connections:
            assert [await connection.recv() for _ in range(50)] == list(map(str, range(50)))
            await connection.close()


async def compressed_and_not():
    for compression in ("deflate", None):
        async with (
            serve(echo, "127.0.0.1", 0, compression=compression) as server,
            connect(where(server), compression=compression) as connection,
        ):
            await connection.send("again " * 10_000)
            assert await connection.recv() == "again " * 10_000


async def closed_by_server():
    async def bye(connection):
        await connection.close(4000, "bye")

    async with serve(bye, "127.0.0.1", 0) as server, connect(where(server)) as connection:
        try:
            await connection.recv()
        except ConnectionClosedError as error:
            assert (error.rcvd.code, error.rcvd.reason) == (4000, "bye")
        else:
            raise AssertionError("received something")


async def server_ends():
    server = await serve(echo, "127.0.0.1", 0)
    connection = await connect(where(server))
    server.close()
    try:
        await connection.recv()
    except ConnectionClosedOK as error:
        assert error.rcvd.code == 1001, error
    else:
        raise AssertionError("received something")
    await server.wait_closed()
    try:
        await connect(f"ws://127.0.0.1:{connection.remote_address[1]}")
    except ConnectionRefusedError:
        return
    raise AssertionError("the server is still there")


async def dropped():
    lost = asyncio.get_running_loop().create_future()

    async def waiting(connection):
        try:
            await connection.recv()
        except ConnectionClosedError as error:
            lost.set_result(error.rcvd)

    async with serve(waiting, "127.0.0.1", 0) as server:
        connection = await connect(where(server))
        connection.transport.abort()
        assert await lost is None
        await connection.wait_closed()


async def silent_peer():
    async def never_answer(reader, writer):
        await reader.read()
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(never_answer, "127.0.0.1", 0) as server:
        try:
            await connect(where(server), open_timeout=0.2)
        except TimeoutError:
            return
        raise AssertionError("a handshake with nobody")


async def refused_by_server():
    def refuse(connection, request):
        return connection.respond(403, "not you\n")

    async with serve(echo, "127.0.0.1", 0, process_request=refuse) as server:
        try:
            await connect(where(server))
        except InvalidStatus as error:
            assert (error.response.status_code, error.response.body) == (403, b"not you\n")
        else:
            raise AssertionError("let in")


async def cancelled_receiving():
    async with serve(echo, "127.0.0.1", 0) as server, connect(where(server)) as connection:
        for number in range(20):
            try:
                async with asyncio.timeout(0.001):
                    await connection.recv()
            except TimeoutError:
                await connection.send(str(number))
                assert await connection.recv() == str(number)
            else:
                raise AssertionError("received something")


started.run_all(
    plain,
    over_tls,
    over_unix_socket,
    untrusted,
    fifty_at_once,
    to_everybody,
    compressed_and_not,
    closed_by_server,
    server_ends,
    dropped,
    silent_peer,
    refused_by_server,
    cancelled_receiving,
)
