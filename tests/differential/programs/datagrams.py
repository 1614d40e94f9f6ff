"""Datagram endpoints: inet and Unix, empty and refused, errors, closing."""

import asyncio
import socket

from endpoints import HOST, hear, in_folder, quiet, shown, until
from registry import program


class Endpoint(asyncio.DatagramProtocol):
    def __init__(self, **does):
        self.notes = []
        self.does = does
        self.gone = asyncio.get_running_loop().create_future()

    def note(self, name, *args):
        self.notes.append((name, *args))
        if name in self.does:
            self.does[name](self, *args)

    def connection_made(self, transport):
        self.transport = transport
        self.note("made")

    def datagram_received(self, data, addr):
        self.note("data", data, addr)

    def error_received(self, exc):
        self.note("error", exc)

    def pause_writing(self):
        self.note("pause")

    def resume_writing(self):
        self.note("resume")

    def connection_lost(self, exc):
        self.gone.set_result(exc)
        self.note("lost", exc)


async def endpoint(t, does=None, **options):
    _, made = await t.loop.create_datagram_endpoint(lambda: Endpoint(**(does or {})), **options)
    return made


def peer():
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((HOST, 0))
    sock.settimeout(5)
    return sock


@program
def there_and_back(t):
    async def main():
        server = await endpoint(t, local_addr=(HOST, 0))
        client = await endpoint(t, remote_addr=server.transport.get_extra_info("sockname"))
        for data in (b"one", bytearray(b"two"), memoryview(b"three"), b"", b"x" * 60_000):
            client.transport.sendto(data)
        await quiet()
        here = client.transport.get_extra_info("sockname")
        t([(name, len(args) and args[0][:9], args[1:] == [here]) for name, *args in server.notes])
        server.transport.sendto(b"back", here)
        await until(lambda: len(client.notes) == 2)
        t(client.notes[1][1], shown(client.transport), shown(server.transport))
        for end in (client, server):
            end.transport.close()
            t(end.transport.is_closing(), await end.gone, end.notes[-1])
            t(shown(end.transport))

    t.run(main())


@program
def what_cannot_be_sent(t):
    async def main():
        hear(t)
        with peer() as other, peer() as third:
            client = await endpoint(t, remote_addr=other.getsockname())
            for data in ("text", None, 3):
                t.attempt("sendto", client.transport.sendto, data)
            t(client.transport.sendto(b"the same", other.getsockname()))
            try:
                client.transport.sendto(b"another", third.getsockname())
            except ValueError as caught:
                t(shown(str(caught)))
            t(other.recv(100))
            client.transport.sendto(bytes(70_000))
            await quiet()
            t(client.notes, client.transport.is_closing())
            client.transport.abort()
            t(await client.gone)

    t.run(main())


@program
def nobody_there(t):
    async def main():
        hear(t)
        with peer() as sock:
            nobody = sock.getsockname()
        end = await endpoint(t, remote_addr=nobody)
        for _ in range(3):
            end.transport.sendto(b"hello")
            await quiet()
        t(end.notes[0], {type(note[1]).__name__ for note in end.notes[1:]})
        t(end.transport.is_closing())
        end.transport.close()
        t(await end.gone)

    t.run(main())


@program
def errors_in_protocols(t):
    def fails(end, *args):
        raise ValueError(f"in {end.notes[-1][0]}")

    async def main():
        hear(t)
        for where in ("made", "data", "lost"):
            try:
                end = await endpoint(t, {where: fails}, local_addr=(HOST, 0))
            except ValueError as caught:
                t("raised", caught)
                continue
            with peer() as sock:
                for _ in range(2):
                    sock.sendto(b"x", end.transport.get_extra_info("sockname"))
                    await quiet()
            t(where, [note[0] for note in end.notes], end.transport.is_closing())
            end.transport.abort()
            t(await end.gone)
            await quiet()

    t.run(main())
    t.lines[:] = [line for line in t.lines if "ResourceWarning" not in line]


@program
def unix_sockets(t):
    def use(folder):
        async def main():
            server = await endpoint(t, local_addr=str(folder / "s"), family=socket.AF_UNIX)
            client = await endpoint(
                t, local_addr=str(folder / "c"), remote_addr=str(folder / "s"),
                family=socket.AF_UNIX,
            )  # fmt: skip
            for data in (b"one", b"two"):
                client.transport.sendto(data)
            await quiet()
            t([(note[0], note[1:2], note[2:] == (str(folder / "c"),)) for note in server.notes])
            server.transport.sendto(b"back", str(folder / "c"))
            await quiet()
            t([note[:2] for note in client.notes])
            for end in (client, server):
                end.transport.close()
                t(await end.gone)
            t(sorted(path.name for path in folder.iterdir()))
            again = await endpoint(t, local_addr=str(folder / "s"), family=socket.AF_UNIX)
            again.transport.close()
            await again.gone
            (folder / "file").touch()
            try:
                await endpoint(t, local_addr=str(folder / "file"), family=socket.AF_UNIX)
            except OSError as caught:
                t(caught.errno)

        t.run(main())

    in_folder(use)


@program
def a_full_receiver(t):
    """Paused above the high mark, resumed below the low one; nothing is lost or out of order."""

    def use(folder):
        async def main():
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
                other.bind(str(folder / "other"))
                other.setblocking(False)
                end = await endpoint(t, remote_addr=str(folder / "other"), family=socket.AF_UNIX)
                end.transport.set_write_buffer_limits(high=1000, low=100)
                for number in range(200):
                    end.transport.sendto(b"%010d" % number)
                t(end.notes, end.transport.get_write_buffer_size() > 1000)
                seen = [await t.loop.sock_recv(other, 100) for _ in range(200)]
                t(seen == [b"%010d" % number for number in range(200)])
                await quiet()
                t(end.notes, end.transport.get_write_buffer_size())
                for number in range(50):
                    end.transport.sendto(b"%010d" % number)
                end.transport.close()
                seen = [await t.loop.sock_recv(other, 100) for _ in range(50)]
                t(seen[-1], await end.gone)

        t.run(main())

    in_folder(use)


@program
def what_cannot_be_opened(t):
    async def attempt(what, **options):
        try:
            end = await endpoint(t, **options)
        except (OSError, ValueError, TypeError, NotImplementedError) as caught:
            t(what, type(caught).__name__, getattr(caught, "errno", None) or shown(str(caught)))
        else:
            t(what, "opened")
            end.transport.abort()
            await end.gone

    async def main():
        await attempt("nothing")
        await attempt("family", family=socket.AF_INET)
        await attempt("text", local_addr="text")
        await attempt("no pair", local_addr=(1,))
        await attempt("families", local_addr=(HOST, 0), remote_addr=("::1", 1))
        await attempt("elsewhere", local_addr=("192.0.2.1", 0))
        await attempt("broadcast", local_addr=(HOST, 0), allow_broadcast=True)
        await attempt("reuse", local_addr=(HOST, 0), reuse_port=True)
        with peer() as other:
            await attempt("in use", local_addr=other.getsockname())
        with socket.socket() as stream:
            await attempt("a stream", sock=stream)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            await attempt("both", sock=sock, local_addr=(HOST, 0))

    t.run(main())
