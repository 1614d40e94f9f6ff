"""Stream transports do what asyncio's do at the edges: each program's log is the same on both."""

import asyncio
import contextlib
import gc
import socket
import sys
import weakref

import phaseloop
import pytest


class Logging(asyncio.Protocol):
    """Logs what is called, and does in each callback what it was told to."""

    def __init__(self, log, **actions):
        self.log, self.actions = log, actions

    def _called(self, name, *args):
        self.log.append((name, *args))
        action = self.actions.get(name)
        return action(self) if action else None

    def connection_made(self, transport):
        self.transport = transport
        self._called("made")

    def data_received(self, data):
        self._called("data", data)

    def eof_received(self):
        return self._called("eof")

    def connection_lost(self, exc):
        self._called("lost", type(exc).__name__)

    def pause_writing(self):
        self._called("pause")

    def resume_writing(self):
        self._called("resume")


def fail(protocol):
    raise LookupError("on purpose")


ACTIONS = {
    "close": lambda p: p.transport.close(),
    "abort": lambda p: p.transport.abort(),
    "pause": lambda p: p.transport.pause_reading(),
    "pause and resume": lambda p: (p.transport.pause_reading(), p.transport.resume_reading()),
    "write": lambda p: p.transport.write(b"answer"),
    "write and close": lambda p: (p.transport.write(b"answer"), p.transport.close()),
    "write and abort": lambda p: (p.transport.write(b"answer"), p.transport.abort()),
    "write_eof": lambda p: (p.transport.write(b"answer"), p.transport.write_eof()),
    "fail": fail,
}


def pair(loop, log, **actions):
    """(the peer's socket, the transport) over a socket pair."""
    ours, peer = socket.socketpair()
    ours.setblocking(False)
    made = loop.connect_accepted_socket(lambda: Logging(log, **actions), ours)
    transport, _ = loop.run_until_complete(made)
    return peer, transport


def spin(loop, seconds=0.02):
    loop.run_until_complete(asyncio.sleep(seconds))


def reported(loop, log):
    loop.set_exception_handler(
        lambda _, context: log.append(("report", context["message"], repr(context["exception"])))
    )


def transcript(factory, program):
    loop = factory()
    log = []
    reported(loop, log)
    try:
        program(loop, log)
    finally:
        loop.close()
    return [
        entry if entry[0] != "report" else ("report", entry[1].split("(")[0], entry[2])
        for entry in log
    ]


def same(program):
    stock = transcript(asyncio.SelectorEventLoop, program)
    assert transcript(phaseloop.new_event_loop, program) == stock
    assert stock


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("callback", ["made", "data", "eof", "lost"])
def test_what_protocols_do_in_callbacks(callback, action):
    if (callback, action) == ("eof", "pause"):
        pytest.skip("a reader paused at the end and never resumed: nothing more to see")

    def program(loop, log):
        ours, peer = socket.socketpair()
        ours.setblocking(False)
        done = {callback: ACTIONS[action]}
        task = loop.connect_accepted_socket(lambda: Logging(log, **done), ours)
        transport, _ = loop.run_until_complete(task)
        with contextlib.suppress(BrokenPipeError):  # closed already
            peer.send(b"one")
        spin(loop)
        peer.shutdown(socket.SHUT_WR)
        spin(loop)
        log.append(("closing", transport.is_closing()))
        transport.abort()
        spin(loop)
        peer.setblocking(False)
        try:
            log.append(("peer has", peer.recv(100)))
        except OSError as exc:
            log.append(("peer has", type(exc).__name__))
        peer.close()

    same(program)


def test_flow_control_pauses_and_resumes_once_each():
    def program(loop, log):
        peer, transport = pair(loop, log)
        log.append(("limits", transport.get_write_buffer_limits()))
        transport.set_write_buffer_limits(high=1000)
        log.append(("limits", transport.get_write_buffer_limits()))
        total = 0
        for _ in range(100):
            transport.write(b"x" * 50_000)
            total += 50_000
        log.append(("buffered", transport.get_write_buffer_size() > 1000))
        received = 0
        peer.setblocking(False)
        while received < total:
            spin(loop, 0.001)
            try:
                received += len(peer.recv(1 << 20))
            except BlockingIOError:
                continue
        spin(loop)
        log.append(("buffered", transport.get_write_buffer_size()))
        transport.close()
        spin(loop)
        peer.close()

    same(program)


def test_limits_are_what_was_set_and_refused_alike():
    def program(loop, log):
        peer, transport = pair(loop, log)
        for limits in ({"high": 5}, {"low": 7}, {"high": 9, "low": 9}, {"high": 0},
                       {"high": float("inf"), "low": 0}):  # fmt: skip
            transport.set_write_buffer_limits(**limits)
            log.append(transport.get_write_buffer_limits())
        for limits in ({"high": 1, "low": 2}, {"low": -1}):
            with pytest.raises(ValueError) as refused:
                transport.set_write_buffer_limits(**limits)
            log.append(str(refused.value))
        transport.abort()
        spin(loop)
        peer.close()

    same(program)


@pytest.mark.parametrize("data", ["text", None, 5, [b"x"]], ids=repr)
def test_what_cannot_be_written_is_refused_in_the_same_words(data):
    def program(loop, log):
        peer, transport = pair(loop, log)
        with pytest.raises(TypeError) as refused:
            transport.write(data)
        log.append(str(refused.value))
        transport.write_eof()
        for write in (transport.write, transport.writelines):
            with pytest.raises((RuntimeError, TypeError)) as refused:
                write([b"late"] if write == transport.writelines else b"late")
            log.append(str(refused.value))
        transport.abort()
        spin(loop)
        peer.close()

    same(program)


def test_writes_of_every_kind_arrive_in_order():
    def program(loop, log):
        peer, transport = pair(loop, log)
        transport.write(b"one ")
        transport.write(bytearray(b"two "))
        transport.write(memoryview(b"three "))
        transport.write(b"")
        transport.writelines([b"four ", bytearray(b"five "), memoryview(b"six ")])
        transport.writelines([])
        for i in range(100):
            transport.write(b"%d " % i)
        transport.close()
        spin(loop)
        log.append(peer.makefile("rb").read())
        peer.close()

    same(program)


def test_a_write_leaves_at_once_when_the_loop_is_not_running(loop):
    peer, transport = pair(loop, [])
    transport.write(b"now")
    peer.settimeout(5)
    assert peer.recv(10) == b"now"
    transport.close()
    spin(loop)
    peer.close()


def test_writes_of_one_iteration_leave_together(loop):
    async def write_twice():
        ours, peer = socket.socketpair()
        ours.setblocking(False)
        peer.setblocking(False)
        transport, _ = await loop.connect_accepted_socket(asyncio.Protocol, ours)
        transport.write(b"head ")
        transport.write(b"body")
        with pytest.raises(BlockingIOError):
            peer.recv(100)  # nothing before the iteration's end
        await asyncio.sleep(0)
        assert peer.recv(100) == b"head body"
        transport.write(b"asked")
        assert transport.get_write_buffer_size() == 0  # whoever asks finds it sent
        assert peer.recv(100) == b"asked"
        transport.close()
        await asyncio.sleep(0)
        peer.close()

    loop.run_until_complete(write_twice())


class Interrupting(asyncio.Protocol):
    def __init__(self, error):
        self.error = error

    def data_received(self, data):
        raise self.error("out")


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
def test_what_ends_the_run_leaves_it(either_loop, error):
    ours, peer = socket.socketpair()
    ours.setblocking(False)
    made = either_loop.connect_accepted_socket(lambda: Interrupting(error), ours)
    transport, _ = either_loop.run_until_complete(made)
    peer.send(b"x")
    with pytest.raises(error, match="out"):
        either_loop.run_until_complete(asyncio.sleep(5))
    assert not transport.is_closing()
    transport.abort()
    spin(either_loop)
    peer.close()


def test_a_transport_that_nobody_has_any_more_says_so(either_loop):
    peer, transport = pair(either_loop, [])
    transport.pause_reading()
    text = repr(transport)
    transport.get_protocol().transport = None
    with pytest.warns(ResourceWarning) as warned:
        del transport
        gc.collect()
    assert f"unclosed transport {text}" in [str(w.message) for w in warned]
    del warned
    peer.settimeout(5)
    assert peer.recv(1) == b""
    peer.close()


def test_a_loop_dropped_with_live_transports_is_collected():
    loop = phaseloop.new_event_loop()
    log = []
    peer, transport = pair(loop, log)
    server = loop.run_until_complete(loop.create_server(asyncio.Protocol, "127.0.0.1", 0))
    gone = weakref.ref(loop)
    with pytest.warns(ResourceWarning):
        del loop, transport, server
        gc.collect()
    gc.collect()  # the warnings that were recorded name it
    assert gone() is None
    peer.close()


def test_a_closed_loop_lets_go_of_its_transports(either_loop):
    peer, transport = pair(either_loop, [])
    either_loop.close()
    with pytest.raises(RuntimeError, match="Event loop is closed"):
        transport.close()
    with pytest.warns(ResourceWarning, match="unclosed transport"):
        transport.get_protocol().transport = None
        del transport
        gc.collect()
    peer.close()


def test_addresses_are_known_after_the_end(either_loop):
    names = []

    class Asking(asyncio.Protocol):
        def connection_made(self, transport):
            self.transport = transport
            transport.close()

        def connection_lost(self, exc):
            either_loop.call_soon(self.ask)

        def ask(self):
            info = self.transport.get_extra_info
            names.append((info("sockname"), info("peername"), info("socket").fileno(), info("no")))

    async def connect(host):
        server = await either_loop.create_server(Asking, host, 0)
        port = server.sockets[0].getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        await asyncio.sleep(0.05)
        assert names.pop() == (("127.0.0.1", port), client.getsockname(), -1, None)
        client.close()
        server.close()

    either_loop.run_until_complete(connect("127.0.0.1"))
    either_loop.run_until_complete(connect("0.0.0.0"))


def test_a_descriptor_in_use_is_refused_to_others(either_loop):
    peer, transport = pair(either_loop, [])
    fd = transport.get_extra_info("socket").fileno()
    with pytest.raises(RuntimeError, match=rf"File descriptor {fd} is used by transport"):
        either_loop.add_reader(fd, print)
    transport.close()
    spin(either_loop)
    peer.close()


def test_set_protocol_changes_who_is_called(either_loop):
    log = []

    class Buffered(asyncio.BufferedProtocol):
        def get_buffer(self, hint):
            self.buffer = bytearray(10)
            return self.buffer

        def buffer_updated(self, size):
            log.append(("buffered", bytes(self.buffer[:size])))

    peer, transport = pair(either_loop, log)
    peer.send(b"one")
    spin(either_loop)
    transport.set_protocol(Buffered())
    peer.send(b"two")
    spin(either_loop)
    transport.set_protocol(Logging(log))
    peer.send(b"three")
    spin(either_loop)
    assert log == [("made",), ("data", b"one"), ("buffered", b"two"), ("data", b"three")]
    transport.abort()
    spin(either_loop)
    peer.close()


@pytest.mark.skipif(sys.version_info < (3, 13), reason="asyncio has it since Python 3.13")
@pytest.mark.parametrize("method", ["close_clients", "abort_clients"])
def test_servers_know_their_clients(either_loop, method):
    log = []

    async def serve():
        server = await either_loop.create_server(lambda: Logging(log), "127.0.0.1", 0)
        client = socket.create_connection(server.sockets[0].getsockname())
        await asyncio.sleep(0.02)
        server.close()
        getattr(server, method)()
        await asyncio.wait_for(server.wait_closed(), 5)
        client.close()

    either_loop.run_until_complete(serve())
    assert log == [("made",), ("lost", "NoneType")]


def test_a_factory_that_fails_closes_the_connection(either_loop):
    def factory():
        raise LookupError("no protocol")

    reports = []
    either_loop.set_exception_handler(lambda _, context: reports.append(context["message"]))

    async def serve():
        server = await either_loop.create_server(factory, "127.0.0.1", 0)
        either_loop.set_debug(True)
        client = socket.create_connection(server.sockets[0].getsockname())
        await asyncio.sleep(0.02)
        gc.collect()
        client.settimeout(5)
        assert client.recv(1) == b""
        client.close()
        server.close()

    either_loop.run_until_complete(serve())
    assert reports == ["Error on transport creation for incoming connection"]


def test_arguments_may_be_given_by_name(either_loop):
    async def main():
        ours, theirs = socket.socketpair()
        with theirs:
            transport, protocol = await either_loop.create_connection(
                lambda: Logging([]), sock=ours
            )
            transport.write(data=b"ab")
            transport.writelines(list_of_data=[b"c", b"d"])
            transport.set_protocol(protocol=protocol)
            for wrong in ({}, {"byte": b""}, {"data": b"", "more": 1}):
                with pytest.raises(TypeError):
                    transport.write(**wrong)
            transport.close()
            await asyncio.sleep(0)
            assert theirs.recv(100) == b"abcd"

    either_loop.run_until_complete(main())


def test_debug_mode_logs_connections(either_loop, caplog):
    async def main():
        server = await either_loop.create_server(lambda: Logging([]), "127.0.0.1", 0)
        with socket.create_connection(server.sockets[0].getsockname()):
            await asyncio.sleep(0.05)
        server.close()
        await asyncio.sleep(0.05)

    either_loop.set_debug(True)
    with caplog.at_level("DEBUG", "asyncio"):
        either_loop.run_until_complete(main())
    assert [line for line in caplog.messages if "got a new connection from" in line]
