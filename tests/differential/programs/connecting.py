"""create_connection(), create_server() and their Unix kin: what they refuse, and how they fail."""

import asyncio
import errno
import os
import socket

from endpoints import HOST, End, in_folder, shown, until
from registry import program


def nobody():
    with socket.socket() as sock:
        sock.bind((HOST, 0))
        return sock.getsockname()


def told(error):
    if isinstance(error, ExceptionGroup):
        return type(error).__name__, [told(inner) for inner in error.exceptions]
    number = getattr(error, "errno", None)
    name = errno.errorcode.get(number, number) if isinstance(error, OSError) else str(error)
    return type(error).__name__, shown(str(name))


async def attempt(t, what, waiting):
    try:
        result = await waiting
    except Exception as caught:
        t(what, told(caught))
        return None
    t(what, "done")
    return result


@program
def connections_refused(t):
    async def main():
        host, port = nobody()
        connect = t.loop.create_connection
        await attempt(t, "refused", connect(End, host, port))
        await attempt(t, "by name", connect(End, "localhost", port))
        await attempt(t, "one family", connect(End, "localhost", port, family=socket.AF_INET))
        await attempt(t, "eyeballs", connect(End, "localhost", port, happy_eyeballs_delay=0.01))
        await attempt(t, "interleaved", connect(End, "localhost", port, interleave=1))
        await attempt(t, "elsewhere", connect(End, host, port, local_addr=("192.0.2.1", 0)))
        await attempt(t, "wrong family", connect(End, host, port, local_addr=("::1", 0)))
        await attempt(t, "no such host", connect(End, "host.invalid", port))

    t.run(main())
    t.lines[:] = [line for line in t.lines if "no such host" not in line or "gaierror" in line]


@program(since=(3, 12))
def all_errors(t):
    async def main():
        host, port = nobody()
        connect = t.loop.create_connection
        await attempt(t, "one", connect(End, host, port, all_errors=True))
        await attempt(
            t, "local", connect(End, host, port, all_errors=True, local_addr=("192.0.2.1", 0))
        )
        await attempt(
            t,
            "eyeballs",
            connect(End, host, port, all_errors=True, happy_eyeballs_delay=0.01),
        )

    t.run(main())


@program
def what_connections_refuse(t):
    async def main():
        connect = t.loop.create_connection
        await attempt(t, "nothing", connect(End))
        await attempt(t, "host alone", connect(End, HOST))
        await attempt(t, "hostname without TLS", connect(End, HOST, 1, server_hostname="x"))
        await attempt(t, "timeout without TLS", connect(End, HOST, 1, ssl_handshake_timeout=1))
        await attempt(t, "shutdown without TLS", connect(End, HOST, 1, ssl_shutdown_timeout=1))
        await attempt(t, "TLS without a name", connect(End, ssl=True))
        with socket.socket() as sock:
            await attempt(t, "both", connect(End, HOST, 1, sock=sock))
            await attempt(t, "TLS", connect(End, sock=sock, ssl=True))
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            await attempt(t, "datagrams", connect(End, sock=sock))
        await attempt(t, "text as port", connect(End, HOST, "no such service"))
        await attempt(t, "large port", connect(End, HOST, 1 << 20))

    t.run(main())


@program
def from_a_local_address(t):
    async def main():
        server = await t.loop.create_server(End, HOST, 0)
        address = server.sockets[0].getsockname()
        for options in (
            {"local_addr": (HOST, 0)},
            {"local_addr": ("127.0.0.2", 0)},
            {"happy_eyeballs_delay": 0.1},
            {"happy_eyeballs_delay": 0.1, "interleave": 2},
            {"family": socket.AF_INET, "proto": socket.IPPROTO_TCP},
        ):
            transport, end = await t.loop.create_connection(End, *address, **options)
            t(options, shown(transport.get_extra_info("sockname")))
            transport.close()
            await end.gone
        server.close()

    t.run(main())


@program
def what_servers_refuse(t):
    async def main():
        serve = t.loop.create_server
        await attempt(t, "nothing", serve(End))
        await attempt(t, "TLS by name", serve(End, HOST, 0, ssl=True))
        await attempt(t, "timeout without TLS", serve(End, HOST, 0, ssl_handshake_timeout=1))
        await attempt(t, "elsewhere", serve(End, "192.0.2.1", 0))
        await attempt(t, "no such host", serve(End, "host.invalid", 0))
        with socket.socket() as sock:
            await attempt(t, "both", serve(End, HOST, 0, sock=sock))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            await attempt(t, "datagrams", serve(End, sock=sock))
        with socket.create_server((HOST, 0)) as taken:
            await attempt(t, "taken", serve(End, *taken.getsockname()))
        server = await attempt(t, "several", serve(End, [HOST, "127.0.0.2"], 0))
        t(sorted(sock.getsockname()[0] for sock in server.sockets))
        server.close()
        server = await attempt(t, "empty", serve(End, "", 0))
        t(len(server.sockets) >= 1)
        server.close()
        server = await attempt(t, "shared", serve(End, HOST, 0, reuse_port=True))
        again = await attempt(
            t, "shared", serve(End, HOST, server.sockets[0].getsockname()[1], reuse_port=True)
        )
        server.close()
        again.close()

    t.run(main())


@program
def unix_servers(t):
    def use(folder):
        path = str(folder / "socket")

        async def main():
            serve, connect = t.loop.create_unix_server, t.loop.create_unix_connection
            made = []
            server = await serve(lambda: made.append(End()) or made[-1], path)
            transport, end = await connect(End, path)
            t(transport.get_extra_info("peername") == path, server.sockets[0].family.name)
            transport.write(b"hello")
            await until(lambda: made and len(made[0].notes) == 2)
            transport.close()
            t(await end.gone, await made[0].gone, made[0].calls)
            server.close()
            await server.wait_closed()
            # From Python 3.13 on the socket is removed with the server.
            t(os.path.exists(path))
            server = await serve(End, folder / "socket")
            t(os.path.exists(path))
            await attempt(t, "in use", serve(End, "/nowhere/at/all"))
            server.close()
            (folder / "file").touch()
            await attempt(t, "a file", serve(End, str(folder / "file")))
            await attempt(t, "nobody", connect(End, str(folder / "nobody")))
            await attempt(t, "nothing", connect(End))
            await attempt(t, "nothing", serve(End))
            with socket.socket() as sock:
                await attempt(t, "inet", connect(End, sock=sock))
                await attempt(t, "inet", serve(End, sock=sock))
                await attempt(t, "both", connect(End, path, sock=sock))
            await attempt(t, "TLS", connect(End, path, ssl=True))
            await attempt(t, "TLS", serve(End, path, ssl=True))
            await attempt(t, "too long", connect(End, "x" * 200))
            await attempt(t, "too long", serve(End, "x" * 200))

        t.run(main())

    in_folder(use)


@program
def abstract_names(t):
    async def main():
        for name in (f"\0phaseloop-{os.getpid()}", f"\0phaseloop-{os.getpid()}".encode()):
            server = await t.loop.create_unix_server(End, name)
            transport, end = await t.loop.create_unix_connection(End, name)
            t(type(transport.get_extra_info("peername")).__name__)
            transport.close()
            await end.gone
            server.close()
            await server.wait_closed()
            await attempt(t, "gone", t.loop.create_unix_connection(End, name))

    t.run(main())


@program(since=(3, 13))
def sockets_that_stay(t):
    def use(folder):
        path = str(folder / "socket")

        async def main():
            server = await t.loop.create_unix_server(End, path, cleanup_socket=False)
            server.close()
            await server.wait_closed()
            t(os.path.exists(path))
            server = await t.loop.create_unix_server(End, path)
            os.unlink(path)
            other = await t.loop.create_unix_server(End, path)
            server.close()
            await server.wait_closed()
            t("another's", os.path.exists(path))
            other.close()
            await other.wait_closed()
            t(os.path.exists(path))

        t.run(main())

    in_folder(use)


@program
def names_and_numbers(t):
    async def main():
        find = t.loop.getaddrinfo
        for host, port, options in (
            (HOST, 80, {}),
            (HOST, "80", {"type": socket.SOCK_STREAM}),
            ("::1", 80, {"type": socket.SOCK_DGRAM}),
            (None, 80, {"type": socket.SOCK_STREAM}),
            (None, 0, {"type": socket.SOCK_STREAM, "flags": socket.AI_PASSIVE}),
            (HOST, None, {"family": socket.AF_INET, "type": socket.SOCK_STREAM}),
            (HOST, 80, {"family": socket.AF_INET6}),
            (b"127.0.0.1", b"80", {"type": socket.SOCK_STREAM}),
            ("127.1", 80, {"type": socket.SOCK_STREAM}),
            ("localhost", 80, {"family": socket.AF_INET, "type": socket.SOCK_STREAM}),
            ("host.invalid", 80, {"flags": socket.AI_NUMERICHOST}),
            (HOST, "no such service", {}),
            (HOST, -1, {}),
            (HOST, 1 << 40, {}),
            (None, None, {}),
            (3, 80, {}),
            (HOST, 80, {"type": 77}),
        ):
            try:
                t(host, port, options, await find(host, port, **options))
            except (OSError, TypeError, OverflowError, UnicodeError) as caught:
                t(host, port, options, caught)
        for address, flags in (
            ((HOST, 80), socket.NI_NUMERICHOST | socket.NI_NUMERICSERV),
            (("::1", 80, 0, 0), socket.NI_NUMERICHOST | socket.NI_NUMERICSERV),
            (("host.invalid", 80), socket.NI_NUMERICHOST),
            ((HOST,), 0),
        ):
            try:
                t(address, flags, await t.loop.getnameinfo(address, flags))
            except (OSError, TypeError) as caught:
                t(address, flags, type(caught).__name__)

    t.run(main())


@program
def socket_calls_that_fail(t):
    async def main():
        blocking = socket.socket()
        with blocking:
            t.loop.set_debug(True)
            for name, args in (
                ("sock_recv", (1,)),
                ("sock_recv_into", (bytearray(1),)),
                ("sock_recvfrom", (1,)),
                ("sock_recvfrom_into", (bytearray(1),)),
                ("sock_sendall", (b"x",)),
                ("sock_sendto", (b"x", nobody())),
                ("sock_connect", (nobody(),)),
                ("sock_accept", ()),
            ):
                await attempt(t, name, getattr(t.loop, name)(blocking, *args))
            t.loop.set_debug(False)
        with socket.socket() as sock:
            sock.setblocking(False)
            await attempt(t, "refused", t.loop.sock_connect(sock, nobody()))
            await attempt(t, "not connected", t.loop.sock_recv(sock, 10))
            await attempt(t, "not connected", t.loop.sock_sendall(sock, b"x"))
            await attempt(t, "not listening", t.loop.sock_accept(sock))
            await attempt(t, "text", t.loop.sock_connect(sock, "text"))
        await attempt(t, "closed", t.loop.sock_recv(sock, 10))
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.setblocking(False)
            theirs.send(b"abc")
            for size in (0, 2, 10):
                t(size, await t.loop.sock_recv(ours, size))
            array = bytearray(b"....")
            theirs.send(b"xy")
            t(await t.loop.sock_recv_into(ours, array), array)
            theirs.send(b"z")
            t(await t.loop.sock_recv_into(ours, memoryview(array)[1:2]), array)
            t(await t.loop.sock_sendall(ours, b""), await t.loop.sock_sendall(ours, array))
            t(theirs.recv(10))
            await attempt(t, "read-only", t.loop.sock_recv_into(ours, b"bytes"))
            await attempt(t, "text", t.loop.sock_sendall(ours, "text"))
            waiting = asyncio.ensure_future(t.loop.sock_recv(ours, 10))
            await asyncio.sleep(0.001)
            theirs.close()
            t(await waiting)
            await attempt(t, "gone", t.loop.sock_sendall(ours, b"x"))

    t.run(main())
