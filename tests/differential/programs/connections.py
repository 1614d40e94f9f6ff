"""Streams of bytes through protocols: the order of calls, closing, errors, what transports say."""

import asyncio
import contextvars
import gc
import socket

from endpoints import HOST, BufferedEnd, End, everything, hear, pair, quiet, shown, two_ends, until
from registry import program
from transcript import hops


@program
def life_of_a_connection(t):
    async def main():
        client, server = await two_ends(t.loop, End, End)
        client.transport.write(b"question")
        await until(lambda: server.notes[-1] == ("data", b"question"))
        server.transport.writelines([b"ans", b"", b"wer"])
        client.transport.write_eof()
        await client.gone
        await server.gone
        t(client.calls, server.calls)

    t.run(main())


@program
def who_closes_how(t):
    for ending in ("close", "abort"):
        for pending in (0, 5):

            async def main(ending=ending, pending=pending):
                end, sock = await pair(t.loop)
                end.transport.write(b"x" * pending)
                t(ending, pending, end.transport.is_closing())
                getattr(end.transport, ending)()
                t(end.transport.is_closing(), end.notes)
                getattr(end.transport, ending)()
                await end.gone
                t(end.calls, end.transport.is_closing(), shown(end.transport))
                if ending == "close":
                    t(await everything(t.loop, sock))
                sock.close()

            t.run(main())


@program
def iterations_until_connection_lost(t):
    async def count(how):
        end, sock = await pair(t.loop)
        await hops(3)
        getattr(end.transport, how)()
        count = 0
        while not end.gone.done():
            await hops(1)
            count += 1
        sock.close()
        return count, end.calls

    async def main():
        for how in ("close", "abort"):
            t(how, await count(how))

    t.run(main())


@program
def order_of_the_first_calls(t):
    """connection_made(), then reading begins, then create_connection() returns."""

    async def main():
        ours, theirs = socket.socketpair()
        theirs.send(b"early")
        t.loop.call_soon(t.log("before"))

        def made(end):
            t("made", end.notes)
            t.loop.call_soon(t.log("soon after made"))
            t.loop.call_soon(lambda: t.loop.call_soon(t.log("an iteration after that")))

        _, end = await t.loop.create_connection(
            lambda: End(made=made, data=lambda end, data: t("data", data)), sock=ours
        )
        t("returned", end.notes)
        await quiet()
        theirs.close()
        t(await end.gone)

    t.run(main())


@program
def eof_is_answered(t):
    answers = {"nothing": None, "false": False, "true": True, "text": "stay"}

    async def main():
        for name, answer in answers.items():
            end, sock = await pair(t.loop, eof=lambda end, answer=answer: answer)
            sock.shutdown(socket.SHUT_WR)
            await until(lambda end=end: ("eof",) in end.notes)
            await quiet()
            t(name, end.calls, end.transport.is_closing())
            if not end.transport.is_closing():
                end.transport.write(b"still")
                t(await everything(t.loop, sock, 5))
                end.transport.close()
            t(await end.gone)
            sock.close()

    t.run(main())


@program
def half_closed(t):
    async def main():
        end, sock = await pair(t.loop)
        t(end.transport.can_write_eof())
        end.transport.write(b"last words")
        end.transport.write_eof()
        end.transport.write_eof()
        t.attempt("write", end.transport.write, b"more")
        t.attempt("write nothing", end.transport.write, b"")
        t.attempt("writelines", end.transport.writelines, [b"more"])
        t(await everything(t.loop, sock))
        sock.send(b"heard")
        await until(lambda: len(end.notes) == 2)
        end.transport.close()
        end.transport.write_eof()
        t(await end.gone, end.calls)
        end.transport.write_eof()
        sock.close()

    t.run(main())


@program
def writing_when_it_is_over(t):
    async def main():
        hear(t)
        end, sock = await pair(t.loop)
        end.transport.close()
        for data in (b"x", b"", bytearray(b"y"), memoryview(b"z")):
            t.attempt("closing", end.transport.write, data)
        t.attempt("closing", end.transport.writelines, [b"x", b"y"])
        await end.gone
        for _ in range(8):
            end.transport.write(b"x")
        t.attempt("closed", end.transport.writelines, [b"x"])
        t.attempt("pause", end.transport.pause_reading)
        t.attempt("resume", end.transport.resume_reading)
        t.attempt("abort", end.transport.abort)
        t(end.transport.is_closing(), end.transport.is_reading(), end.calls)
        t(end.transport.get_write_buffer_size(), end.transport.get_write_buffer_limits())
        t(shown(end.transport))
        sock.close()

    t.run(main())


class Unmeasured:
    """A buffer without len(), which newer releases ask for."""

    def __buffer__(self, flags):
        return memoryview(b"unmeasured")


@program(since=(3, 12))
def lines_without_length(t):
    async def main():
        end, sock = await pair(t.loop)
        t.attempt("writelines", end.transport.writelines, [Unmeasured()])
        end.transport.abort()
        await end.gone
        sock.close()

    t.run(main())


@program
def what_cannot_be_written(t):
    async def main():
        end, sock = await pair(t.loop)
        for data in ("text", None, 3, [b"x"], object):
            t.attempt("write", end.transport.write, data)
        for items in (["text"], [b"x", None], None, 3):
            t.refusal("writelines", end.transport.writelines, items)
        t.refusal("nothing", end.transport.write)
        t.attempt("empty", end.transport.writelines, [])
        t(end.calls)
        end.transport.abort()
        await end.gone
        sock.close()

    t.run(main())


@program
def errors_in_protocols(t):
    def fails(end, *args):
        raise ValueError(f"in {end.notes[-1][0]}")

    async def main():
        hear(t)
        for where in ("made", "data", "eof", "lost"):
            t(where)
            ours, theirs = socket.socketpair()
            ends = []

            def factory(where=where, ends=ends):
                ends.append(End(**{where: fails}))
                return ends[0]

            try:
                await t.loop.create_connection(factory, sock=ours)
            except ValueError as caught:
                t("raised", caught)
            theirs.send(b"data")
            await quiet()
            theirs.close()
            await quiet()
            end = ends[0]
            if where == "made" and not end.transport.is_closing():
                end.transport.abort()
            await end.gone
            await hops(1)
            t(end.calls, end.transport.is_closing())

    t.run(main())


@program
def errors_in_flow_control(t):
    def fails(end, *args):
        raise ValueError(f"in {end.notes[-1][0]}")

    async def main():
        hear(t)
        end, sock = await pair(t.loop, pause=fails, resume=fails)
        end.transport.set_write_buffer_limits(high=0)
        size = 1 << 21
        end.transport.write(b"x" * size)
        t(len(await everything(t.loop, sock, size)) == size)
        await until(lambda: ("resume",) in end.notes)
        t(end.calls, end.transport.is_closing())
        end.transport.close()
        t(await end.gone)
        sock.close()

    # How much is still to be sent is the kernel's matter.
    t.run(main())
    t.lines[:] = [line.partition("bufsize=")[0] for line in t.lines]


@program
def interrupted_in_protocols(t):
    """SystemExit and KeyboardInterrupt go on to whoever runs the loop."""
    for error in (SystemExit(3), KeyboardInterrupt("stop")):

        def fails(end, data, error=error):
            raise error

        async def main(fails=fails):
            end, sock = await pair(t.loop, data=fails)
            sock.send(b"data")
            try:
                await asyncio.sleep(1)
            finally:
                end.transport.abort()
                sock.close()

        hear(t)
        t.run(main())
        for task in asyncio.all_tasks(t.loop):
            task.cancel()
        t.spin(4)


@program
def paused_and_resumed(t):
    async def main():
        end, sock = await pair(t.loop)
        transport = end.transport
        t(transport.is_reading())
        for call in ("pause_reading", "pause_reading", "resume_reading", "resume_reading"):
            t.attempt(call, getattr(transport, call))
            t(transport.is_reading())
        transport.pause_reading()
        sock.send(b"kept back")
        await quiet()
        t(end.calls)
        transport.resume_reading()
        await until(lambda: len(end.notes) == 2)
        t(end.calls)
        transport.close()
        t(transport.is_reading())
        t.attempt("resume", transport.resume_reading)
        await end.gone
        sock.close()

    t.run(main())


@program
def paused_within_calls(t):
    async def main():
        for where in ("made", "data"):
            end, sock = await pair(t.loop, **{where: lambda end, *a: end.transport.pause_reading()})
            sock.send(b"one")
            await quiet()
            sock.send(b"two")
            await quiet()
            t(where, end.calls, end.transport.is_reading())
            end.transport.resume_reading()
            await quiet()
            t(end.calls)
            end.transport.abort()
            t(await end.gone)
            sock.close()

    t.run(main())


@program
def another_protocol(t):
    async def main():
        end, sock = await pair(t.loop)
        sock.send(b"for the first")
        await quiet()
        for second in (End(), BufferedEnd()):
            t(end.transport.get_protocol() is end)
            end.transport.set_protocol(second)
            t(end.transport.get_protocol() is second)
            sock.send(b"for the second")
            await quiet()
            t(second.notes)
            end.transport.set_protocol(end)
        sock.close()
        t(await end.gone, end.calls)

    t.run(main())


@program
def what_a_transport_says(t):
    async def main():
        client, server = await two_ends(t.loop, End, End)
        for end in (client, server):
            transport = end.transport
            for name in ("peername", "sockname", "socket", "sslcontext", "no such thing"):
                value = transport.get_extra_info(name)
                t(name, type(value).__name__ if name == "socket" else shown(value))
            t(transport.get_extra_info("no such thing", "default"))
            t(isinstance(transport, asyncio.Transport), shown(transport))
            sock = transport.get_extra_info("socket")
            t(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY), sock.gettimeout())
            t(sock.getpeername() == transport.get_extra_info("peername"))
            transport.pause_reading()
            t(shown(transport))
            t(transport.get_write_buffer_size(), transport.get_write_buffer_limits())
        names = [end.transport.get_extra_info("sockname") for end in (client, server)]
        t(names == [end.transport.get_extra_info("peername") for end in (server, client)])
        client.transport.close()
        t(shown(client.transport))
        await client.gone
        t(shown(client.transport), client.transport.get_extra_info("peername") is not None)
        server.transport.abort()
        await server.gone

    t.run(main())


@program
def buffered(t):
    async def main():
        for sizes in ((10,), (1, 2, 3, 1000), (1 << 16,)):
            ours, theirs = socket.socketpair()
            theirs.send(b"0123456789" * 3)
            theirs.close()
            _, end = await t.loop.create_connection(lambda s=sizes: BufferedEnd(s), sock=ours)
            t(await end.gone, end.notes)

    t.run(main())


@program
def buffers_that_do_not_serve(t):
    def fails(end, *args):
        raise ValueError("no buffer")

    answers = {
        "fails": fails,
        "empty": lambda end, size: bytearray(),
        "text": lambda end, size: "text",
        "read-only": lambda end, size: b"bytes",
    }

    async def main():
        hear(t)
        for name, answer in answers.items():
            ours, theirs = socket.socketpair()
            theirs.send(b"data")
            _, end = await t.loop.create_connection(lambda a=answer: BufferedEnd(get=a), sock=ours)
            error = await end.gone
            t(name, type(error).__name__, end.calls[0], end.calls[-1][0])
            theirs.close()
        ours, theirs = socket.socketpair()
        theirs.send(b"data")
        _, end = await t.loop.create_connection(lambda: BufferedEnd(data=fails), sock=ours)
        t(await end.gone, end.calls)
        theirs.close()

    t.run(main())
    # The text of a TypeError names the call that was to fill the buffer.
    t.lines[:] = [line.partition(" TypeError(")[0] for line in t.lines]


@program
def contexts_of_protocol_calls(t):
    number = contextvars.ContextVar("number", default="none")

    async def main():
        seen = []
        number.set("main")

        def note(end, *args):
            seen.append((end.notes[-1][0], number.get()))

        does = dict.fromkeys(("made", "data", "eof", "lost"), note)
        end, sock = await pair(t.loop, **does)
        number.set("later")
        sock.send(b"data")
        await quiet()
        sock.close()
        await end.gone
        await hops(1)
        t(seen)

        seen.clear()
        number.set("server")
        accepted = []

        def factory():
            accepted.append(End(**does))
            return accepted[-1]

        server = await t.loop.create_server(factory, HOST, 0)
        number.set("after the server")
        with socket.create_connection(server.sockets[0].getsockname()) as client:
            client.send(b"data")
            await until(lambda: accepted and len(accepted[0].notes) == 2)
        await accepted[0].gone
        await hops(1)
        t(seen)
        server.close()

    t.run(main())


@program
def servers(t):
    async def main():
        made = []
        server = await t.loop.create_server(lambda: made.append(End()) or made[-1], HOST, 0,
                                            start_serving=False)  # fmt: skip
        t(server.is_serving(), shown(server), len(server.sockets), server.get_loop() is t.loop)
        await server.start_serving()
        await server.start_serving()
        t(server.is_serving(), type(server.sockets[0]).__name__, type(server.sockets).__name__)
        client = socket.create_connection(server.sockets[0].getsockname())
        await until(lambda: made)
        server.close()
        server.close()
        t(server.is_serving(), server.sockets)
        waiting = asyncio.ensure_future(server.wait_closed())
        await hops(3)
        # From Python 3.12 on it waits for the connections.
        t("closed while there are connections", waiting.done())
        client.close()
        t(await waiting, made[0].calls)
        try:
            await server.start_serving()
        except (RuntimeError, TypeError) as caught:
            t(caught)
        async with await t.loop.create_server(End, HOST, 0) as server:
            t(server.is_serving())
            forever = asyncio.ensure_future(server.serve_forever())
            await hops(2)
            try:
                await server.serve_forever()
            except RuntimeError as caught:
                t(shown(str(caught)))
            forever.cancel()
            await asyncio.wait([forever])
            t(forever.cancelled(), server.is_serving())

    t.run(main())


@program(since=(3, 13))
def clients_of_a_closed_server(t):
    async def main():
        for name in ("close_clients", "abort_clients"):
            made = []
            server = await t.loop.create_server(lambda m=made: m.append(End()) or m[-1], HOST, 0)
            address = server.sockets[0].getsockname()
            clients = [socket.create_connection(address) for _ in range(2)]
            await until(lambda m=made: len(m) == 2)
            server.close()
            getattr(server, name)()
            await server.wait_closed()
            t(name, [end.calls for end in made])
            for client in clients:
                client.close()

    t.run(main())


@program
def a_factory_that_fails(t):
    def fails():
        raise ValueError("no protocol")

    async def main():
        hear(t)
        server = await t.loop.create_server(fails, HOST, 0)
        with socket.create_connection(server.sockets[0].getsockname()) as client:
            client.setblocking(False)
            # asyncio leaves it to the collector to close what it has accepted.
            gc.collect()
            t(await t.loop.sock_recv(client, 10))
        server.close()
        ours, theirs = socket.socketpair()
        try:
            await t.loop.create_connection(fails, sock=ours)
        except ValueError as caught:
            t(caught)
        ours.close()
        theirs.close()

    t.run(main())
    gc.collect()
    t.lines[:] = [line for line in t.lines if "ResourceWarning" not in line]


@program
def sockets_taken_over(t):
    async def main():
        accepted, connected = socket.socketpair()
        transport, end = await t.loop.connect_accepted_socket(End, accepted)
        connected.send(b"hello")
        connected.close()
        t(await end.gone, end.calls, transport.is_closing())
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            for call in (t.loop.connect_accepted_socket, t.loop.create_connection):
                try:
                    await call(End, sock=sock)
                except ValueError as caught:
                    t(shown(str(caught)))
        watched, other = socket.socketpair()
        _, end = await t.loop.create_connection(End, sock=watched)
        for call, *args in (
            (t.loop.add_reader, watched, int),
            (t.loop.add_writer, watched, int),
            (t.loop.remove_reader, watched),
            (t.loop.remove_writer, watched.fileno()),
        ):
            try:
                t(call(*args))
            except RuntimeError as caught:
                t(type(caught).__name__, "is used by transport" in str(caught))
        end.transport.abort()
        await end.gone
        other.close()

    t.run(main())
