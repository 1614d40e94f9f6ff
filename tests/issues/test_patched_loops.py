"""Loops with methods of the program's own: in a subclass, on the class, on one object, in a run."""

import asyncio
import contextlib
import inspect
import warnings
from asyncio import events

import patched_loops_work as work
import phaseloop
import pytest

STOCK = asyncio.SelectorEventLoop
# Called a number of times that depends on timing, or not at all by asyncio's own code.
LOOKED_AT = sorted(
    name
    for kind in STOCK.__mro__[:-1]
    for name, value in vars(kind).items()
    if inspect.isfunction(value) and not name.startswith("__")
)


@pytest.fixture(scope="module")
def expected():
    """What the work comes to on asyncio's own loop."""
    with contextlib.closing(STOCK()) as loop:
        outcome = work.on(loop)
    assert not [value for value in outcome.values() if "Error" in str(value)]
    return outcome


def counting(base, names, calls):
    """A subclass of the loop class that counts the calls of these methods and does nothing else."""

    def overriding(name):
        original = getattr(base, name)

        def method(self, *args, **kwargs):
            calls[name] = calls.get(name, 0) + 1
            return original(self, *args, **kwargs)

        return method

    return type("Counting", (base,), {name: overriding(name) for name in names})


def test_a_class_that_overrides_everything_sees_every_call_that_asyncio_makes(expected):
    seen = {}
    for base in (STOCK, phaseloop.Loop):
        calls = seen[base] = {}
        with contextlib.closing(counting(base, LOOKED_AT, calls)()) as loop:
            assert work.on(loop) == expected
    assert seen[STOCK].keys() == seen[phaseloop.Loop].keys()
    assert seen[STOCK].keys() > {"call_soon", "_call_soon", "time", "_run_once", "_add_reader"}


@pytest.mark.parametrize("name", LOOKED_AT)
def test_a_method_overridden_by_itself_is_called_where_asyncio_calls_it(name):
    quick = [w for w in work.ALL if w not in (work.child, work.timers, work.tls)]
    called = []
    for base in (STOCK, phaseloop.Loop):
        calls = {}
        with contextlib.closing(counting(base, [name], calls)()) as loop:
            outcome = work.on(loop, quick)
        assert not [value for value in outcome.values() if "Error" in str(value)]
        called.append(bool(calls))
    assert called[0] == called[1]


@pytest.mark.parametrize("base", [STOCK, phaseloop.Loop])
def test_a_clock_of_the_class_decides_when_timers_are_due(base, expected):
    class Shifted(base):
        def time(self):
            return super().time() - 1000

    with contextlib.closing(Shifted()) as loop:
        assert work.on(loop) == expected


class Fast:
    """A clock that a test moves."""

    def __init__(self, loop):
        self.now = self.real = loop.time
        self.ahead = 0

    def __call__(self):
        return self.real() + self.ahead


@pytest.mark.parametrize("base", [STOCK, phaseloop.Loop])
@pytest.mark.parametrize("in_the_run", [False, True])
def test_a_clock_put_on_the_object_decides_when_timers_are_due(base, in_the_run):
    with contextlib.closing(base()) as loop:

        async def main():
            sleeping = asyncio.create_task(asyncio.sleep(1000, "slept"))
            waiting = asyncio.create_task(asyncio.wait_for(asyncio.Event().wait(), 1000))
            called = []
            loop.call_later(1000, called.append, "later")
            await asyncio.sleep(0.01)
            if in_the_run:
                loop.time = clock
            own = asyncio.create_task(asyncio.sleep(1000, "slept"))
            await asyncio.sleep(0.01)
            assert not called and not sleeping.done() and not own.done()
            clock.ahead = 2000
            await asyncio.sleep(0.01)
            with pytest.raises(TimeoutError):
                await waiting
            return await sleeping, await own, called

        clock = Fast(loop)
        if not in_the_run:
            loop.time = clock
        wanted = ("slept", "slept", ["later"])
        assert loop.run_until_complete(asyncio.wait_for(main(), 5000)) == wanted


@pytest.mark.parametrize("name", ["call_soon", "call_at", "_run_once", "time", "_add_reader"])
@pytest.mark.parametrize("base", [STOCK, phaseloop.Loop])
def test_a_method_put_on_the_object_in_a_run_is_called_from_then_on(base, name, expected):
    calls = []

    def patch(loop):
        original = getattr(loop, name)

        def spy(*args, **kwargs):
            calls.append(name)
            return original(*args, **kwargs)

        setattr(loop, name, spy)

    with contextlib.closing(base()) as loop:
        assert work.on(loop, act=patch) == expected
    assert len(calls) > 3


@pytest.mark.parametrize("owner", [phaseloop.Loop, asyncio.BaseEventLoop])
@pytest.mark.parametrize("name", ["call_soon", "call_at", "_run_once", "time"])
def test_a_tracer_on_the_class_sees_loops_that_run_already(owner, name, expected, monkeypatch):
    original = getattr(owner, name)
    calls = []

    def tracer(self, *args, **kwargs):
        calls.append(name)
        return original(self, *args, **kwargs)

    with contextlib.closing(phaseloop.Loop()) as loop:
        act = lambda loop: monkeypatch.setattr(owner, name, tracer)  # noqa: E731
        assert work.on(loop, act=act) == expected
    assert len(calls) > 3
    with contextlib.closing(phaseloop.Loop()) as loop:
        calls.clear()
        work.on(loop, [work.timers])
        assert calls
        monkeypatch.undo()
    with contextlib.closing(phaseloop.Loop()) as loop:
        calls.clear()
        assert work.on(loop) == expected
        assert not calls and not loop._stock


@pytest.mark.parametrize("base", [STOCK, phaseloop.Loop])
def test_a_tracer_on_handles_sees_callbacks_and_tasks(base, monkeypatch):
    names = []
    original = events.Handle._run

    def _run(self):
        names.append(getattr(self._callback, "__self__", self._callback).__class__.__name__)
        return original(self)

    async def main():
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_soon(int)
        await asyncio.sleep(0.01)

    monkeypatch.setattr(events.Handle, "_run", _run)
    with contextlib.closing(base()) as loop:
        loop.run_until_complete(main())
    assert names.count("Task") >= 3
    assert "type" in names


def test_a_class_that_changes_in_what_does_not_matter_stays_native():
    class Named(phaseloop.Loop):
        color = "blue"

        def close(self):
            super().close()

    with contextlib.closing(Named()) as loop:
        Named.color = "red"
        loop.note = "added"
        work.on(loop, [work.timers])
        assert not loop._stock


@pytest.mark.parametrize("base", [STOCK, phaseloop.Loop])
def test_a_class_that_a_living_loop_is_given(base, expected):
    calls = {}
    changed = counting(base, ["call_soon", "time"], calls)

    def change(loop):
        loop.__class__ = changed

    with contextlib.closing(base()) as loop:
        assert work.on(loop, act=change) == expected
    assert calls.keys() == {"call_soon", "time"}


@pytest.mark.parametrize("base", [STOCK, phaseloop.Loop])
def test_a_loop_is_given_a_selector(base, expected):
    import selectors

    class Counting(selectors.DefaultSelector):
        count = 0

        def select(self, timeout=None):
            Counting.count += 1
            return super().select(timeout)

    with contextlib.closing(base(Counting())) as loop:
        assert work.on(loop) == expected
        assert isinstance(loop._selector, Counting)
    assert Counting.count > 3


def test_transports_outlive_the_change_to_asyncios_code():
    """What was connected, listening and waiting natively goes on."""
    with contextlib.closing(phaseloop.Loop()) as loop:

        async def main():
            server = await asyncio.start_server(echo, "127.0.0.1", 0)
            address = server.sockets[0].getsockname()
            reader, writer = await asyncio.open_connection(*address)
            receiving = await datagram_echo(loop)
            waiting = asyncio.gather(reader.readline(), asyncio.sleep(0.02, "slept"))
            queue = asyncio.Queue()
            getting = asyncio.wait([asyncio.create_task(queue.get())], timeout=20)
            getting = asyncio.create_task(getting)
            await asyncio.sleep(0)
            called = []
            loop.call_soon(called.append, "soon")
            loop.call_later(0.01, called.append, "later")
            loop.call_soon = loop.call_soon
            loop.call_soon(called.append, "spied")
            await asyncio.sleep(0)
            assert loop._stock
            writer.write(b"before\n")
            assert await waiting == [b"before\n", "slept"]
            queue.put_nowait(1)
            done, _ = await getting
            assert done.pop().result() == 1
            assert called == ["soon", "spied", "later"]
            assert await receiving(b"datagram") == b"datagram"
            for _ in range(3):
                writer.write(b"after\n" * 1000)
                assert await reader.readexactly(6000) == b"after\n" * 1000
            later_reader, later = await asyncio.open_connection(*address)
            later.write(b"new\n")
            assert await later_reader.readline() == b"new\n"
            later.close()
            writer.close()
            await writer.wait_closed()
            server.close()
            await server.wait_closed()

        loop.run_until_complete(asyncio.wait_for(main(), 20))


async def echo(reader, writer):
    while line := await reader.readline():
        writer.write(line)
    writer.close()


async def datagram_echo(loop):
    class Echo(asyncio.DatagramProtocol):
        def connection_made(self, transport):
            self.transport = transport

        def datagram_received(self, data, address):
            self.transport.sendto(data, address)

    class Client(asyncio.DatagramProtocol):
        def datagram_received(self, data, address):
            answers.put_nowait(data)

    answers = asyncio.Queue()
    server, _ = await loop.create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
    client, _ = await loop.create_datagram_endpoint(
        Client, remote_addr=server.get_extra_info("sockname")
    )

    async def ask(data):
        client.sendto(data)
        answer = await answers.get()
        client.close()
        server.close()
        return answer

    return ask


def test_virtual_time_under_asyncios_code():
    class Traced(phaseloop.Loop):
        def call_soon(self, *args, **kwargs):
            return super().call_soon(*args, **kwargs)

    with contextlib.closing(Traced(virtual_time=True)) as loop:
        start = loop.time()
        loop.run_until_complete(asyncio.sleep(10_000))
        assert 10_000 <= loop.time() - start < 10_001


def test_a_dropped_patched_loop_warns_and_goes():
    class Traced(phaseloop.Loop):
        def call_soon(self, *args, **kwargs):
            return super().call_soon(*args, **kwargs)

    for make in (phaseloop.Loop, Traced):
        loop = make()
        loop.call_soon(int)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            del loop
            import gc

            gc.collect()
        assert any("unclosed event loop" in str(w.message) for w in caught)
