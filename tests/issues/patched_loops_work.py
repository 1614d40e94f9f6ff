"""What the tests of patched loops have a loop do: a little of everything that asyncio has."""

import asyncio
import contextlib
import os
import signal
import socket
import ssl
import threading


async def streams():
    async def serve(reader, writer):
        writer.write(await reader.readline())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"line\n")
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
    return answer


async def connected_socket():
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=ours)
    theirs.send(b"a" * 1000)
    received = len(await reader.readexactly(1000))
    writer.write(b"b" * (1 << 20))
    theirs.setblocking(False)
    sent = 0
    while sent < 1 << 20:
        try:
            sent += len(theirs.recv(1 << 20))
        except BlockingIOError:
            await asyncio.sleep(0)
    theirs.close()
    await reader.read()
    writer.close()
    return received, sent


async def datagrams():
    loop = asyncio.get_running_loop()
    got = loop.create_future()

    class Receiver(asyncio.DatagramProtocol):
        def datagram_received(self, data, address):
            if not got.done():
                got.set_result(data)

    receiving, _ = await loop.create_datagram_endpoint(Receiver, local_addr=("127.0.0.1", 0))
    sending, _ = await loop.create_datagram_endpoint(
        asyncio.DatagramProtocol, remote_addr=receiving.get_extra_info("sockname")
    )
    sending.sendto(b"datagram")
    answer = await got
    sending.close()
    receiving.close()
    await asyncio.sleep(0)
    return answer


async def socket_calls():
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    with ours, theirs, socket.create_server(("127.0.0.1", 0)) as listening:
        for sock in (ours, theirs, listening):
            sock.setblocking(False)
        waiting = loop.create_task(loop.sock_recv(ours, 10))
        await asyncio.sleep(0)
        await loop.sock_sendall(theirs, b"sent")
        client = socket.socket()
        client.setblocking(False)
        accepting = loop.create_task(loop.sock_accept(listening))
        await loop.sock_connect(client, listening.getsockname())
        client.close()
        connection, _ = await accepting
        connection.close()
        return await waiting


async def pipes():
    loop = asyncio.get_running_loop()
    read_end, write_end = os.pipe()
    reader = asyncio.StreamReader()
    with open(read_end, "rb", buffering=0) as source, open(write_end, "wb", buffering=0) as sink:
        reading, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), source
        )
        writing, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, sink)
        writing.write(b"through the pipe")
        writing.close()
        answer = await reader.read()
        reading.close()
        await asyncio.sleep(0)
    return answer


async def child():
    process = await asyncio.create_subprocess_exec("/bin/echo", "child", stdout=-1)
    return (await process.communicate())[0], process.returncode


async def descriptors():
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        readable, writable = asyncio.Event(), asyncio.Event()
        loop.add_reader(ours, readable.set)
        loop.add_writer(ours.fileno(), writable.set)
        await writable.wait()
        theirs.send(b"x")
        await readable.wait()
        return loop.remove_reader(ours), loop.remove_writer(ours), loop.remove_writer(ours)


async def timers():
    loop = asyncio.get_running_loop()
    order = []
    for delay in (0.02, 0.01, 0):
        loop.call_later(delay, order.append, delay)
    loop.call_at(loop.time() + 0.015, order.append, "at")
    loop.call_later(50, order.append, "never").cancel()
    await asyncio.sleep(0.03)
    async with asyncio.timeout(20):
        await asyncio.wait_for(asyncio.sleep(0.001), 20)
    try:
        async with asyncio.timeout(0.01):
            await asyncio.Event().wait()
    except TimeoutError:
        order.append("timeout")
    try:
        await asyncio.wait_for(asyncio.Event().wait(), 0.01)
    except TimeoutError:
        order.append("wait_for")
    return order


async def threads():
    loop = asyncio.get_running_loop()
    posted = asyncio.Event()
    thread = threading.Thread(target=loop.call_soon_threadsafe, args=[posted.set])
    thread.start()
    await posted.wait()
    thread.join()
    in_loop = asyncio.run_coroutine_threadsafe
    sleeping = await asyncio.to_thread(
        lambda: in_loop(asyncio.sleep(0.001, "slept"), loop).result(20)
    )
    addresses = await loop.getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM)
    name = await loop.getnameinfo(("127.0.0.1", 80), socket.NI_NUMERICHOST | socket.NI_NUMERICSERV)
    return sleeping, addresses[0][4], name


async def primitives():
    queue = asyncio.Queue()
    lock = asyncio.Lock()
    getting = asyncio.create_task(queue.get())
    await asyncio.sleep(0.001)
    queue.put_nowait(4)
    async with lock, asyncio.TaskGroup() as group:
        group.create_task(asyncio.sleep(0))
    done, _ = await asyncio.wait([asyncio.ensure_future(asyncio.sleep(0, n)) for n in range(2)])
    gathered = await asyncio.gather(asyncio.sleep(0, "a"), asyncio.sleep(0.001, "b"))
    return await getting, len(done), gathered


async def signals():
    loop = asyncio.get_running_loop()
    seen = asyncio.Event()
    loop.add_signal_handler(signal.SIGUSR1, seen.set)
    os.kill(os.getpid(), signal.SIGUSR1)
    await asyncio.wait_for(seen.wait(), 20)
    return loop.remove_signal_handler(signal.SIGUSR1)


async def errors():
    loop = asyncio.get_running_loop()
    messages = []
    loop.set_exception_handler(lambda loop, context: messages.append(context["message"][:21]))
    loop.call_soon(lambda: 1 / 0)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    loop.set_exception_handler(None)
    return messages


async def generators():
    async def numbers():
        with contextlib.suppress(GeneratorExit):
            yield 1
            yield 2

    async for number in numbers():
        return number


async def tls():
    with contextlib.suppress(ssl.SSLError, ConnectionError):
        ours, theirs = socket.socketpair()
        with theirs:
            theirs.send(b"no TLS at all")
            await asyncio.open_connection(
                sock=ours, ssl=ssl.create_default_context(), server_hostname="none"
            )
    return "refused"


ALL = [
    streams,
    connected_socket,
    datagrams,
    socket_calls,
    pipes,
    child,
    descriptors,
    timers,
    threads,
    primitives,
    signals,
    errors,
    generators,
    tls,
]


def on(loop, works=ALL, act=None):
    """What each of them comes to on the loop: a dictionary. `act`: called first, in the run."""
    asyncio.set_event_loop(loop)
    outcome = {}

    async def main():
        if act is not None:
            act(loop)
        for work in works:
            try:
                outcome[work.__name__] = await asyncio.wait_for(work(), 20)
            except Exception as exc:
                outcome[work.__name__] = repr(exc)
        await loop.shutdown_asyncgens()

    try:
        loop.run_until_complete(main())
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        asyncio.set_event_loop(None)
    return outcome
