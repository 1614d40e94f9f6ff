"""Usual uses of anyio: anyio_program.py CERTIFICATE_FOLDER"""

import os
import signal
import socket
import ssl
import subprocess
import sys

import anyio
import anyio.from_thread
import anyio.to_thread
import started
from anyio.streams.tls import TLSListener, TLSStream

LARGE = os.urandom(8 << 20)
folder = sys.argv[1]
server_side = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
server_side.load_cert_chain(f"{folder}/certificate.pem", f"{folder}/key.pem")
client_side = ssl.create_default_context(cafile=f"{folder}/authority.pem")


async def echo(stream):
    async with stream:
        async for data in stream:
            await stream.send(data)
        await stream.send_eof()


async def echo_and_close(stream):
    async with stream:
        async for data in stream:
            await stream.send(data)


async def exchange(stream, size):
    """Send so much, and receive it at the same time."""
    received = bytearray()
    async with anyio.create_task_group() as group:
        group.start_soon(stream.send, LARGE[:size])
        while len(received) < size:
            received += await stream.receive()
    assert received == LARGE[:size]


async def finish(stream):
    await stream.send_eof()
    try:
        await stream.receive()
    except anyio.EndOfStream:
        return
    raise AssertionError("the other side does not end")


async def tcp():
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(anyio.abc.SocketAttribute.local_port)
    async with anyio.create_task_group() as group:
        group.start_soon(listener.serve, echo)
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            await exchange(stream, len(LARGE))
            await finish(stream)
        group.cancel_scope.cancel()
    await listener.aclose()


async def fifty_at_once():
    async def one(port):
        async with await anyio.connect_tcp("localhost", port) as stream:
            await exchange(stream, 100_000)
            await finish(stream)

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1", backlog=100)
    port = listener.extra(anyio.abc.SocketAttribute.local_port)
    async with anyio.create_task_group() as group:
        group.start_soon(listener.serve, echo)
        async with anyio.create_task_group() as clients:
            for _ in range(50):
                clients.start_soon(one, port)
        group.cancel_scope.cancel()
    await listener.aclose()


async def tls():
    plain = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = plain.extra(anyio.abc.SocketAttribute.local_port)
    listener = TLSListener(plain, server_side)
    async with anyio.create_task_group() as group:
        group.start_soon(listener.serve, echo_and_close)
        connect = anyio.connect_tcp("127.0.0.1", port, ssl_context=client_side)
        async with await connect as stream:
            assert isinstance(stream, TLSStream)
            await exchange(stream, len(LARGE))
        group.cancel_scope.cancel()
    await listener.aclose()


async def unix_sockets():
    path = f"{folder}/anyio"
    listener = await anyio.create_unix_listener(path)
    async with anyio.create_task_group() as group:
        group.start_soon(listener.serve, echo)
        async with await anyio.connect_unix(path) as stream:
            await exchange(stream, len(LARGE))
            await finish(stream)
        group.cancel_scope.cancel()
    await listener.aclose()


async def descriptors_passed():
    path = f"{folder}/passing"

    async def pass_on(stream):
        async with stream:
            read, write = os.pipe()
            await stream.send_fds(b"!", [write])
            os.close(write)
            assert await anyio.to_thread.run_sync(os.read, read, 100) == b"through the pipe"
            os.close(read)
            group.cancel_scope.cancel()

    listener = await anyio.create_unix_listener(path)
    async with anyio.create_task_group() as group:
        group.start_soon(listener.serve, pass_on)
        async with await anyio.connect_unix(path) as stream:
            message, (fd,) = await stream.receive_fds(1, 1)
            assert message == b"!"
            os.write(fd, b"through the pipe")
            os.close(fd)
            await anyio.sleep_forever()
    await listener.aclose()


async def datagrams():
    async with (
        await anyio.create_udp_socket(family=socket.AF_INET, local_host="127.0.0.1") as server,
        await anyio.create_connected_udp_socket(
            "127.0.0.1", server.extra(anyio.abc.SocketAttribute.local_port)
        ) as client,
    ):
        for data in (b"first", b"x" * 9000, b"last"):
            await client.send(data)
            received, sender = await server.receive()
            assert received == data
            await server.sendto(received[::-1], *sender)
            assert await client.receive() == data[::-1]


async def watched_descriptors():
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    async with anyio.create_task_group() as group:
        group.start_soon(anyio.wait_readable, ours)
        await anyio.wait_writable(ours)
        theirs.send(b"!")
    assert ours.recv(1) == b"!"
    ours.close()
    theirs.close()


async def tasks_that_all_wait():
    event, steps = anyio.Event(), []

    async def wait(number):
        await anyio.sleep(0)
        await event.wait()
        steps.append(number)

    async with anyio.create_task_group() as group:
        for number in range(5):
            group.start_soon(wait, number)
        await anyio.wait_all_tasks_blocked()
        assert event.statistics().tasks_waiting == 5
        event.set()
        assert steps == []
        await anyio.wait_all_tasks_blocked()
        assert sorted(steps) == list(range(5))


async def processes():
    done = await anyio.run_process(["sort"], input=b"c\nb\na\n")
    assert done.stdout == b"a\nb\nc\n"
    try:
        await anyio.run_process("echo oh >&2; exit 3")
    except subprocess.CalledProcessError as error:
        assert (error.returncode, error.stderr) == (3, b"oh\n")
    else:
        raise AssertionError("all is well")
    async with await anyio.open_process(["cat"]) as process:
        async with anyio.create_task_group() as group:

            async def feed():
                await process.stdin.send(LARGE)
                await process.stdin.aclose()

            group.start_soon(feed)
            assert b"".join([part async for part in process.stdout]) == LARGE
        assert await process.wait() == 0
    with anyio.move_on_after(0.2) as scope:
        await anyio.run_process(["sleep", "60"])
    assert scope.cancelled_caught


async def twenty_processes():
    async def one(number):
        done = await anyio.run_process(["echo", str(number)])
        assert done.stdout == b"%d\n" % number

    async with anyio.create_task_group() as group:
        for number in range(20):
            group.start_soon(one, number)


async def threads():
    def work(number):
        anyio.from_thread.check_cancelled()
        return anyio.from_thread.run(double, number) + anyio.from_thread.run_sync(abs, -number)

    async def double(number):
        await anyio.sleep(0)
        return 2 * number

    for number in range(50):
        assert await anyio.to_thread.run_sync(work, number) == 3 * number


async def signals():
    with anyio.open_signal_receiver(signal.SIGUSR1, signal.SIGTERM) as received:
        os.kill(os.getpid(), signal.SIGUSR1)
        os.kill(os.getpid(), signal.SIGTERM)
        assert {await anext(received), await anext(received)} == {signal.SIGUSR1, signal.SIGTERM}


async def files():
    path = anyio.Path(folder) / "file"
    await path.write_bytes(LARGE)
    async with await path.open("rb") as file:
        assert await file.read() == LARGE
    await path.unlink()


async def cancelled_connecting():
    listener = socket.create_server(("127.0.0.1", 0), backlog=0)
    open_before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):  # the first ones are connected, the others wait for their turn
        with anyio.move_on_after(0.1):
            async with await anyio.connect_tcp(*listener.getsockname()) as stream:
                await stream.receive()
    assert len(os.listdir("/proc/self/fd")) == open_before
    listener.close()


async def nobody_there():
    try:
        await anyio.connect_tcp("localhost", 1)
    except OSError as error:
        assert "connection attempts failed" in str(error), error
    else:
        raise AssertionError("connected to nobody")


started.run_all(
    tcp,
    fifty_at_once,
    tls,
    unix_sockets,
    descriptors_passed,
    datagrams,
    watched_descriptors,
    tasks_that_all_wait,
    processes,
    twenty_processes,
    threads,
    signals,
    files,
    cancelled_connecting,
    nobody_there,
)
