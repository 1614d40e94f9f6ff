"""Flow control: limits, when writing is paused and resumed, peers that do not read."""

import asyncio
import socket

from endpoints import End, client_context, everything, hear, pair, quiet, server_context, until
from registry import program

SIZE = 1 << 20


@program
def limits(t):
    async def main():
        end, sock = await pair(t.loop)
        transport = end.transport
        t(transport.get_write_buffer_limits())
        for options in (
            {"high": 1000},
            {"low": 1000},
            {"high": 100, "low": 10},
            {"high": 0},
            {"high": 0, "low": 0},
            {"low": 0},
            {},
            {"high": 3, "low": 4},
            {"high": -1},
            {"high": 10, "low": -1},
        ):
            t.attempt(repr(options), transport.set_write_buffer_limits, **options)
            t(transport.get_write_buffer_limits())
        transport.abort()
        await end.gone
        sock.close()

    t.run(main())


@program
def paused_and_resumed_once(t):
    async def main():
        for options in ({}, {"high": 0}, {"high": 1}, {"high": SIZE // 2, "low": 0}):
            end, sock = await pair(t.loop)
            end.transport.set_write_buffer_limits(**options)
            for _ in range(4):
                end.transport.write(bytes(SIZE // 4))
            t(options, end.notes, end.transport.get_write_buffer_size() > 0)
            t(len(await everything(t.loop, sock, SIZE)) == SIZE)
            await quiet()
            t(end.notes, end.transport.get_write_buffer_size())
            end.transport.close()
            t(await end.gone, end.notes[-1])
            sock.close()

    t.run(main())


@program
def little_is_never_paused(t):
    async def main():
        end, sock = await pair(t.loop)
        for _ in range(20):
            end.transport.write(b"x" * 100)
            end.transport.writelines([b"y" * 50, b"z" * 50])
            await quiet()
        t(end.notes, len(await everything(t.loop, sock, 4000)))
        end.transport.close()
        await end.gone
        sock.close()

    t.run(main())


@program
def limits_changed_while_it_is_full(t):
    async def main():
        end, sock = await pair(t.loop)
        end.transport.set_write_buffer_limits(high=2 * SIZE)
        end.transport.write(bytes(SIZE))
        t(end.notes)
        end.transport.set_write_buffer_limits(high=1000)
        await quiet()
        t(end.notes)
        end.transport.write(b"x")
        t(end.notes)
        end.transport.set_write_buffer_limits(high=2 * SIZE)
        await quiet()
        t(end.notes)
        t(len(await everything(t.loop, sock, SIZE + 1)) == SIZE + 1)
        await quiet()
        t(end.notes)
        end.transport.abort()
        t(await end.gone)
        sock.close()

    t.run(main())


@program
def written_within_the_calls(t):
    async def main():
        hear(t)

        def more(end, *args):
            if len(end.notes) < 8:
                end.transport.write(bytes(SIZE))

        end, sock = await pair(t.loop, resume=more)
        end.transport.write(bytes(SIZE))
        for _ in range(3):
            await everything(t.loop, sock, SIZE)
            await quiet()
        t(end.notes)
        end.transport.abort()
        t(await end.gone)
        sock.close()

    t.run(main())


@program
def closed_while_paused(t):
    async def main():
        for ending in ("close", "abort"):
            end, sock = await pair(t.loop)
            end.transport.write(bytes(SIZE))
            getattr(end.transport, ending)()
            await quiet()
            t(ending, end.notes, end.transport.get_write_buffer_size() > 0)
            if ending == "close":
                t(len(await everything(t.loop, sock)) == SIZE)
            t(await end.gone, end.notes, end.transport.get_write_buffer_size())
            sock.close()

    t.run(main())


@program
def the_peer_goes_while_paused(t):
    async def main():
        hear(t)
        end, sock = await pair(t.loop)
        end.transport.write(bytes(SIZE))
        sock.close()
        error = await end.gone
        t(type(error).__name__ in ("BrokenPipeError", "ConnectionResetError"), end.notes[:-1])
        t(end.transport.get_write_buffer_size())

    t.run(main())


@program
def over_tls(t):
    async def main():
        ours, theirs = socket.socketpair()
        (_, client), (_, server) = await asyncio.gather(
            t.loop.create_connection(End, sock=ours, ssl=client_context(), server_hostname=""),
            t.loop.connect_accepted_socket(End, theirs, ssl=server_context()),
        )
        t(type(client.transport).__name__, client.transport.get_write_buffer_limits())
        server.transport.pause_reading()
        for _ in range(3):
            client.transport.write(bytes(SIZE))
        await quiet()
        t([note[0] for note in client.notes])
        server.transport.resume_reading()
        await until(lambda: client.notes[-1] == ("resume",), 20)
        t([note[0] for note in client.notes], client.transport.get_write_buffer_size())
        client.transport.close()
        t(await client.gone)
        await asyncio.wait([server.gone], timeout=5)
        t(sum(len(note[1]) for note in server.notes if note[0] == "data") == 3 * SIZE)
        t(server.calls[-1])

    t.run(main())
