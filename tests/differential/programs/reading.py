"""StreamReader: limits, separators, errors, and what is buffered after every feed."""

import asyncio
import random
import sys

from registry import program
from transcript import hops


class Pausing:
    """As much of a transport as a reader asks for."""

    def __init__(self, t):
        self.t = t

    def pause_reading(self):
        self.t("pause")

    def resume_reading(self):
        self.t("resume")

    def __repr__(self):
        return "<a transport>"


def buffered(reader):
    return bytes(reader._buffer)


async def outcome(waiting):
    try:
        return await waiting
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as caught:
        rest = {name: getattr(caught, name, None) for name in ("partial", "expected", "consumed")}
        return type(caught).__name__, str(caught), rest
    except (ValueError, RuntimeError, TypeError, OSError, StopAsyncIteration) as caught:
        return type(caught).__name__, str(caught)


CALLS = {
    "read": lambda reader: reader.read(),
    "read 0": lambda reader: reader.read(0),
    "read 3": lambda reader: reader.read(3),
    "readline": lambda reader: reader.readline(),
    "readexactly 4": lambda reader: reader.readexactly(4),
    "readexactly 0": lambda reader: reader.readexactly(0),
    "readexactly -1": lambda reader: reader.readexactly(-1),
    "readuntil": lambda reader: reader.readuntil(),
    "readuntil two": lambda reader: reader.readuntil(b"ab"),
    "readuntil nothing": lambda reader: reader.readuntil(b""),
    "next": lambda reader: reader.__anext__(),
}


@program
def each_call_on_each_buffer(t):
    async def main():
        for limit in (4, 1 << 16):
            for data in (b"", b"a", b"ab", b"abc\n", b"xxab\nyy\n", b"no separator in here"):
                for name, call in CALLS.items():
                    for ended in (True, False):
                        reader = asyncio.StreamReader(limit=limit, loop=t.loop)
                        if data:
                            reader.feed_data(data)
                        if ended:
                            reader.feed_eof()
                        task = asyncio.ensure_future(outcome(call(reader)))
                        await hops(2)
                        done = task.result() if task.done() else "waits"
                        if not task.done():
                            task.cancel()
                        t(limit, data, name, ended, done, buffered(reader), reader.at_eof())

    t.run(main())


@program
def an_end_of_iteration(t):
    async def main():
        reader = asyncio.StreamReader(loop=t.loop)
        reader.feed_data(b"one\ntwo\n\nthree")
        reader.feed_eof()
        async for line in reader:
            t(line, buffered(reader))
        t(reader.at_eof(), reader)

    t.run(main())


@program(since=(3, 13))
def several_separators(t):
    async def main():
        for separators in (
            (b"\n", b"\r\n"),
            (b"ab", b"b"),
            (b"aa", b"ab", b"a"),
            (),
            (b"",),
            (b"x",),
        ):
            for data in (b"oneab two\r\n", b"aab", b"xxaa", b"b" * 20):
                reader = asyncio.StreamReader(limit=10, loop=t.loop)
                reader.feed_data(data)
                reader.feed_eof()
                t(separators, data, await outcome(reader.readuntil(separators)), buffered(reader))

    t.run(main())


@program
def fed_piece_by_piece(t):
    async def main():
        choices = random.Random(5)
        for number in range(60):
            limit = choices.choice([2, 5, 64])
            reader = asyncio.StreamReader(limit=limit, loop=t.loop)
            reader.set_transport(Pausing(t))
            waiting = None
            for _ in range(12):
                if waiting is not None and waiting.done():
                    t(number, "got", waiting.result())
                    waiting = None
                what = choices.choice(["feed", "feed", "call", "call", "end"])
                if what == "feed" and not reader._eof:
                    piece = choices.choice([b"", b"a", b"ab", b"\n", b"ba\nab", b"0123456789"])
                    reader.feed_data(piece)
                    t(number, "fed", piece)
                elif what == "call" and waiting is None:
                    name = choices.choice([name for name in CALLS if name != "next"])
                    t(number, name)
                    waiting = asyncio.ensure_future(outcome(CALLS[name](reader)))
                elif what == "end" and choices.random() < 0.2:
                    reader.feed_eof()
                    t(number, "ended")
                await hops(2)
                t(number, buffered(reader), reader.at_eof(), reader)
            if waiting is not None:
                waiting.cancel()
                await hops(2)

    t.run(main())


@program
def exceptions_of_a_reader(t):
    async def main():
        reader = asyncio.StreamReader(loop=t.loop)
        t(reader.exception())
        waiting = asyncio.ensure_future(outcome(reader.read()))
        await hops(2)
        reader.feed_data(b"data")
        reader.set_exception(ValueError("broken"))
        await hops(2)
        t(waiting.done() and waiting.result(), reader.exception(), reader)
        for name, call in CALLS.items():
            if name not in ("next", "readexactly -1", "readuntil nothing"):
                t(name, await outcome(call(reader)), buffered(reader))

    t.run(main())


@program
def two_readers_at_once(t):
    async def main():
        reader = asyncio.StreamReader(loop=t.loop)
        for name, call in CALLS.items():
            if name in ("read 0", "readexactly 0", "readexactly -1", "readuntil nothing"):
                continue
            first = asyncio.ensure_future(reader.read(10))
            await hops(1)
            t(name, await outcome(call(reader)), reader)
            first.cancel()
            await hops(2)
        first = asyncio.ensure_future(reader.readexactly(5))
        await hops(1)
        first.cancel("enough")
        await hops(2)
        t(first.cancelled(), reader)
        reader.feed_data(b"after")
        t(await reader.readexactly(5))

    t.run(main())


@program
def what_a_reader_refuses(t):
    for limit in (0, -1):
        try:
            asyncio.StreamReader(limit=limit, loop=t.loop)
        except ValueError as caught:
            t(caught)
    reader = asyncio.StreamReader(loop=t.loop)
    t.attempt("transport", reader.set_transport, Pausing(t))
    t.refusal("another", reader.set_transport, Pausing(t))
    reader.feed_eof()
    t.refusal("after eof", reader.feed_data, b"late")
    t.attempt("nothing after eof", repr, reader)
    t(asyncio.IncompleteReadError(b"partial", 10), asyncio.LimitOverrunError("text", 3).consumed)
    t(asyncio.IncompleteReadError(b"partial", None))
    t(sys.version_info >= (3, 13) or "tuples of separators came with 3.13")
