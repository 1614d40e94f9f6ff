"""What a script does to one stream, reader and writer, with a transport that notes its calls.

A script is a list of (step, number, number). Tasks are numbered as they are made; what each comes
to is in the log at the place where it happened, so two logs that are equal woke in the same order.
"""

import asyncio

# Few letters, so that separators and lines come about in many ways.
DATA = (b"", b"a", b"\n", b"ab", b"a\nb", b"abc\n", b"aXX", b"XXb", b"ab" * 40, b"\n\n", b"c" * 33)
SEPARATORS = (
    b"\n",
    b"XX",
    b"ab",
    b"",
    b"ba",
    b"X",
    (b"b", b"ab"),
    (b"\n", b"XXb"),
    (),
    (b"", b"a"),
)
COUNTS = (0, 1, 2, 3, 7, 33, 80, 500, -1, -2)
READS = ("read", "readexactly", "readuntil", "readline", "anext")


class Transport:
    """As much of one as streams ask for. `kind` 1 cannot pause."""

    def __init__(self, log, kind):
        self.log, self.kind, self.closing = log, kind, False

    def pause_reading(self):
        self.log("pause_reading")
        if self.kind == 1:
            raise NotImplementedError

    def resume_reading(self):
        self.log("resume_reading")

    def write(self, data):
        self.log("write", bytes(data))

    def writelines(self, chunks):
        self.log("writelines", b"".join(chunks))

    def write_eof(self):
        self.log("write_eof")

    def can_write_eof(self):
        return self.kind != 1

    def is_closing(self):
        return self.closing

    def close(self):
        self.log("close")
        self.closing = True

    def get_extra_info(self, name, default=None):
        return "info" if name == "peername" else default


def shown(exc):
    """What can be told of an exception, and of the one it came out of."""
    if exc is None:
        return None
    more = [getattr(exc, name, None) for name in ("partial", "expected", "consumed")]
    context = type(exc.__context__).__name__
    return type(exc).__name__, str(exc), more, context


class Script:
    def __init__(self, loop, classes, limit, kind):
        reader, protocol, writer = classes
        self.loop = loop
        self.lines = []
        self.tasks = []
        self.held = None
        self.transport = Transport(self.log, kind)
        self.reader = reader(limit=limit, loop=loop)
        self.protocol = protocol(self.reader, loop=loop)
        self.writer = writer(self.transport, self.protocol, self.reader, loop)
        if kind != 2:
            self.protocol.connection_made(self.transport)

    def log(self, *line):
        self.lines.append(line)

    async def follow(self, number, make, args):
        try:
            self.log("task", number, await make(*args))
        except asyncio.CancelledError as exc:
            self.log("task", number, "cancelled", exc.args)
            raise
        except BaseException as exc:
            self.log("task", number, shown(exc))

    def start(self, make, *args):
        self.tasks.append(self.loop.create_task(self.follow(len(self.tasks), make, args)))

    # The steps.

    def feed(self, one, two):
        self.reader.feed_data(DATA[one % len(DATA)] * (1 + two % 3))

    def receive(self, one, two):
        data = DATA[one % len(DATA)]
        self.protocol.data_received(bytearray(data) if two == 0 else data)

    def feed_view(self, one, two):
        self.reader.feed_data(memoryview(DATA[one % len(DATA)]))

    def end(self, one, two):
        self.log("eof", self.protocol.eof_received())

    def fail(self, one, two):
        exceptions = OSError("broken"), ValueError("odd"), KeyError
        self.reader.set_exception(exceptions[one % 3])

    def read(self, one, two):
        kind = READS[one % len(READS)]
        if kind == "anext":
            self.start(self.reader.__anext__)
        elif kind == "readline":
            self.start(self.reader.readline)
        elif kind == "readuntil":
            self.start(self.reader.readuntil, SEPARATORS[two % len(SEPARATORS)])
        else:
            self.start(getattr(self.reader, kind), COUNTS[two % len(COUNTS)])

    def drain(self, one, two):
        self.start(self.writer.drain)

    def wait_closed(self, one, two):
        self.start(self.writer.wait_closed)

    def write(self, one, two):
        data = DATA[one % len(DATA)]
        self.writer.writelines([data, b"!"]) if two == 0 else self.writer.write(data)

    def pause(self, one, two):
        self.protocol.pause_writing()

    def resume(self, one, two):
        self.protocol.resume_writing()

    def close(self, one, two):
        self.writer.close()

    def lose(self, one, two):
        self.protocol.connection_lost(OSError("lost") if one % 2 else None)

    def cancel(self, one, two):
        if self.tasks:
            self.log("cancel", self.tasks[one % len(self.tasks)].cancel("please"))

    def look(self, one, two):
        reader, protocol = self.reader, self.protocol
        self.log("buffer", type(reader._buffer).__name__, bytes(reader._buffer))
        self.log(
            reader.at_eof(), reader._eof, reader._paused, reader._limit, repr(reader.exception())
        )
        self.log(reader._waiter is None, reader._transport is None, protocol._transport is None)
        self.log(protocol._paused, len(protocol._drain_waiters), protocol._closed.done())
        self.log(self.writer.get_extra_info("peername"), self.writer.get_extra_info("x", 1))

    def hold(self, one, two):
        self.held = None if one % 2 else self.reader._buffer

    def change(self, one, two):
        if one % 4 == 0:
            self.reader._buffer = bytearray(DATA[two % len(DATA)])
        elif one % 4 == 1:
            del self.reader._buffer[:two]
        elif self.held is not None:
            self.held.extend(b"held")

    def tick(self, one, two):
        self.loop.call_soon(self.log, "tick", one)


# Those that end a stream are rare, so that scripts get somewhere before.
STEPS = """
feed feed feed feed feed receive receive feed_view end fail read read read read read drain drain
wait_closed write pause resume close lose cancel look hold change tick turn turn turn turn
""".split()


async def run_script(classes, limit, kind, steps):
    """The log of the script, and at its end what is left of the tasks."""
    script = Script(asyncio.get_running_loop(), classes, limit, kind)
    for step, one, two in steps:
        script.log("do", step)
        if step == "turn":
            await asyncio.sleep(0)
            continue
        try:
            getattr(script, step)(one, two)
        except Exception as exc:
            script.log("raised", shown(exc))
    for _ in range(5):
        await asyncio.sleep(0)
    script.look(0, 0)
    for task in script.tasks:
        script.log("done", task.done(), task.cancel())
    await asyncio.gather(*script.tasks, return_exceptions=True)
    script.held = None
    return script.lines
