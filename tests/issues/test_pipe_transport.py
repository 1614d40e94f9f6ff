"""Pipe transports do what asyncio's do: each program's log is the same on both."""

import array
import asyncio
import fcntl
import gc
import logging
import os
import pty
import socket
import subprocess
import sys
import tty

import phaseloop
import pytest
from descriptors import open_descriptors


class Logging(asyncio.Protocol):
    """Logs what is called, and does in each callback what it was told to."""

    def __init__(self, log, **actions):
        self.log, self.actions = log, actions

    def _called(self, name, *args):
        self.log.append((name, *args))
        if action := self.actions.get(name):
            action(self.transport)

    def connection_made(self, transport):
        self.transport = transport
        self._called("made")

    def data_received(self, data):
        self._called("data", data)

    def eof_received(self):
        self._called("eof")

    def connection_lost(self, exc):
        self._called("lost", type(exc).__name__)

    def pause_writing(self):
        self._called("pause")

    def resume_writing(self):
        self._called("resume")


def ends(kind):
    """(what is read from, what is written to), files."""
    if kind == "pipe":
        reading, writing = os.pipe()
    else:
        sockets = socket.socketpair()
        reading, writing = (sock.detach() for sock in sockets)
    return open(reading, "rb", 0), open(writing, "wb", 0)


def spin(loop, seconds=0.02):
    loop.run_until_complete(asyncio.sleep(seconds))


def reader(loop, log, kind="pipe", **actions):
    """(the transport, the file to write to)"""
    ours, theirs = ends(kind)
    made = loop.connect_read_pipe(lambda: Logging(log, **actions), ours)
    return loop.run_until_complete(made)[0], theirs


def writer(loop, log, kind="pipe", **actions):
    """(the transport, the file to read from)"""
    theirs, ours = ends(kind)
    made = loop.connect_write_pipe(lambda: Logging(log, **actions), ours)
    return loop.run_until_complete(made)[0], theirs


def transcript(factory, program):
    before = open_descriptors()
    loop = factory()
    log = []
    loop.set_exception_handler(
        lambda _, context: log.append(
            ("report", context["message"].split("(")[0], repr(context["exception"]))
        )
    )
    try:
        program(loop, log)
    finally:
        loop.close()
    assert open_descriptors() == before
    return log


def same(program):
    stock = transcript(asyncio.SelectorEventLoop, program)
    assert transcript(phaseloop.new_event_loop, program) == stock
    assert stock


def reads(transport):
    """transport.is_reading(), which pipes have from 3.11.4 on."""
    asked = type(transport).is_reading
    return None if asked is asyncio.ReadTransport.is_reading else transport.is_reading()


def fail(transport):
    raise LookupError("on purpose")


READING = {
    "close": lambda transport: transport.close(),
    "pause": lambda transport: transport.pause_reading(),
    "pause and resume": lambda transport: (transport.pause_reading(), transport.resume_reading()),
    "fail": fail,
}


@pytest.mark.parametrize("kind", ["pipe", "socket"])
@pytest.mark.parametrize("action", READING)
@pytest.mark.parametrize("callback", ["made", "data", "eof", "lost"])
def test_what_readers_do_in_callbacks(callback, action, kind):
    def program(loop, log):
        transport, theirs = reader(loop, log, kind, **{callback: READING[action]})
        for data in (b"one", b"two"):
            theirs.write(data)
            spin(loop)
            log.append((reads(transport), transport.is_closing()))
        transport.resume_reading()
        spin(loop)
        theirs.close()
        spin(loop)
        log.append((reads(transport), transport.is_closing()))
        transport.close()
        spin(loop)

    def ignoring_broken_pipes(loop, log):
        try:
            program(loop, log)
        except BrokenPipeError:
            log.append("broken")
            gc.collect()

    if (callback, action) in {("made", "close"), ("data", "close")}:
        same(ignoring_broken_pipes)
    else:
        same(program)


def test_a_pipe_of_great_capacity():
    def program(loop, log):
        received = []
        transport, theirs = reader(loop, received)
        os.set_blocking(theirs.fileno(), False)
        data = os.urandom(1 << 20)
        sent = 0
        while sent < len(data):
            sent += theirs.write(data[sent:]) or 0
            spin(loop, 0)
        theirs.close()
        spin(loop)
        log.append(b"".join(entry[1] for entry in received if entry[0] == "data") == data)
        log.append([entry[0] for entry in received if entry[0] != "data"])
        transport.close()

    same(program)


def test_a_read_takes_as_much_as_asyncios():
    def program(loop, log):
        received = []
        _, theirs = reader(loop, received)
        fcntl.fcntl(theirs, fcntl.F_SETPIPE_SZ, 1 << 20)
        theirs.write(bytes(700_000))
        spin(loop)
        log.append([len(entry[1]) for entry in received if entry[0] == "data"])
        theirs.close()
        spin(loop)

    same(program)


def terminal(loop, log):
    """(a transport that reads it, the other end's descriptor)"""
    theirs, ours = pty.openpty()
    made = loop.connect_read_pipe(lambda: Logging(log), open(ours, "rb", 0))
    return loop.run_until_complete(made)[0], theirs


@pytest.mark.parametrize("paused", [False, True])
def test_a_terminal_says_once_that_it_is_at_its_end(paused):
    def program(loop, log):
        transport, theirs = terminal(loop, log)
        os.write(theirs, b"line\n")
        spin(loop)
        if paused:
            transport.pause_reading()
        os.write(theirs, b"\x04")
        spin(loop)
        log.append((transport.is_closing(), reads(transport)))
        transport.resume_reading()
        spin(loop)
        log.append((transport.is_closing(), reads(transport)))
        os.close(theirs)

    same(program)


def test_a_terminal_that_hangs_up():
    def program(loop, log):
        theirs, ours = pty.openpty()
        made = loop.connect_read_pipe(lambda: Logging(log), open(theirs, "rb", 0))
        transport, _ = loop.run_until_complete(made)
        os.write(ours, b"one")
        spin(loop)
        os.close(ours)
        spin(loop)
        log.append(transport.is_closing())

    same(program)


def test_one_descriptor_read_and_written():
    def program(loop, log):
        transport, theirs = terminal(loop, log)
        tty.setraw(transport._fileno)
        made = loop.connect_write_pipe(
            lambda: Logging(log), open(transport._fileno, "wb", 0, closefd=False)
        )
        writing, _ = loop.run_until_complete(made)
        writing.write(b"out")
        os.write(theirs, b"in")
        spin(loop)
        log.append(os.read(theirs, 10))
        writing.close()
        spin(loop)
        os.write(theirs, b"more")
        spin(loop)
        transport.close()
        spin(loop)
        os.close(theirs)

    same(program)


@pytest.mark.parametrize("fails", [False, True])
def test_a_protocol_replaced_at_the_end_hears_of_the_loss_alone(fails):
    def program(loop, log):
        other = []

        class Replaced(Logging):
            def eof_received(self):
                super().eof_received()
                self.transport.set_protocol(Logging(other))
                if fails:
                    raise LookupError("on purpose")

        ours, theirs = ends("pipe")
        made = loop.connect_read_pipe(lambda: Replaced(log), ours)
        loop.run_until_complete(made)
        theirs.close()
        spin(loop)
        log.append(other)

    same(program)


@pytest.mark.parametrize("kind", ["pipe", "socket"])
def test_flow_control_pauses_and_resumes_once_each(kind):
    def program(loop, log):
        transport, theirs = writer(loop, log, kind)
        log.append(transport.get_write_buffer_limits())
        for _ in range(20):
            transport.write(b"x" * 50_000)
        log.append(transport.get_write_buffer_size() > 500_000)
        transport.close()
        log.append((transport.is_closing(), "bufsize" in repr(transport)))
        os.set_blocking(theirs.fileno(), False)
        count = 0
        while (data := theirs.read(1 << 20)) != b"":
            count += len(data or b"")
            spin(loop, 0.001)
        log.append(count)
        theirs.close()

    same(program)


def test_writes_of_every_kind_arrive_in_order():
    def program(loop, log):
        transport, theirs = writer(loop, log)
        transport.write(b"one ")
        transport.write(bytearray(b"two "))
        transport.write(memoryview(b"three "))
        transport.write(memoryview(b"f-o-u-r- ")[::2])
        transport.write(b"")
        transport.write(data=b"five ")
        transport.writelines([b"six ", b"seven "])
        with pytest.raises(AssertionError, match="text"):
            transport.write("text")
        transport.write(memoryview(array.array("H", [1, 2, 3])))
        log.append(transport.get_write_buffer_size())
        transport.write_eof()
        log.append(transport.can_write_eof())
        spin(loop)
        log.append(theirs.read())
        theirs.close()

    def until_it_fails(loop, log):
        """Some releases can't write what is not contiguous, or of larger items."""
        try:
            program(loop, log)
        except (BufferError, ValueError) as exc:
            log.append(repr(exc))
            loop._transports.clear()
            gc.collect()

    same(until_it_fails)


@pytest.mark.parametrize("buffered", [False, True])
def test_a_write_that_waits_holds_up_no_other_thread(buffered):
    """Others who have a pipe open may make it one that waits, and a thread what it waits for."""
    program = f"""if True:
        import asyncio, os, threading, phaseloop
        loop = phaseloop.new_event_loop()
        reading, writing = os.pipe()
        made = loop.connect_write_pipe(asyncio.BaseProtocol, open(writing, "wb", 0))
        transport, _ = loop.run_until_complete(made)
        count = 200_000
        def read():
            global count
            while count > 0:
                count -= len(os.read(reading, 1 << 16))
        if {buffered}:
            transport.write(bytes(count))
        os.set_blocking(writing, True)
        thread = threading.Thread(target=read)
        thread.start()
        if not {buffered}:
            transport.write(bytes(count))
        loop.run_until_complete(asyncio.sleep(0.1))
        thread.join()
        transport.close()
        loop.run_until_complete(asyncio.sleep(0))
        print(count)
    """
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, timeout=20, text=True
    )
    assert (ran.stdout, ran.stderr) == ("0\n", "")


@pytest.mark.parametrize("kind", ["pipe", "socket"])
@pytest.mark.parametrize("buffered", [False, True])
def test_the_reader_goes_away(kind, buffered):
    def program(loop, log):
        transport, theirs = writer(loop, log, kind)
        if buffered:
            transport.write(bytes(1 << 20))
        spin(loop)
        theirs.close()
        spin(loop)
        log.append((transport.is_closing(), transport.get_write_buffer_size()))
        for _ in range(7):
            transport.write(b"late")
        transport.close()
        spin(loop)

    same(program)


def test_a_write_to_a_reader_that_has_just_gone(caplog):
    def program(loop, log):
        caplog.clear()
        transport, theirs = writer(loop, log)
        theirs.close()
        with caplog.at_level(logging.WARNING, "asyncio"):
            for _ in range(8):
                transport.write(b"late")
        log.append(transport._conn_lost)
        log.extend(caplog.messages)
        spin(loop)

    same(program)


@pytest.mark.parametrize("ending", ["close", "abort", "write_eof"])
@pytest.mark.parametrize("buffered", [False, True])
def test_ending(ending, buffered):
    def program(loop, log):
        transport, theirs = writer(loop, log)
        transport.write(b"x" * (200_000 if buffered else 10))
        getattr(transport, ending)()
        getattr(transport, ending)() if ending != "abort" else None
        transport.write(b"late")
        os.set_blocking(theirs.fileno(), False)
        count = 0
        while (data := theirs.read(1 << 20)) != b"":
            count += len(data or b"")
            spin(loop, 0.001)
        log.append(count)
        theirs.close()
        spin(loop)

    same(program)


@pytest.mark.parametrize("connect", ["connect_read_pipe", "connect_write_pipe"])
def test_what_is_no_pipe_is_refused(connect, tmp_path):
    def program(loop, log):
        with (tmp_path / "file").open("wb") as file:
            with pytest.raises(ValueError) as refused:
                loop.run_until_complete(getattr(loop, connect)(lambda: Logging(log), file))
            log.append(str(refused.value))

    same(program)


@pytest.mark.parametrize("make", [reader, writer])
def test_a_transport_collected_unclosed_says_so(either_loop, make):
    transport, theirs = make(either_loop, [])
    theirs.close()
    either_loop.remove_reader(transport._fileno)
    fd = transport._fileno
    with pytest.warns(ResourceWarning, match=rf"unclosed transport <_Unix.* fd={fd}"):
        transport.get_protocol().transport = None
        del transport
        gc.collect()
    gc.collect()
    with pytest.raises(OSError):
        os.fstat(fd)


def test_debug_mode_says_who_closed(either_loop, caplog):
    either_loop.set_debug(True)
    with caplog.at_level("INFO", "asyncio"):
        transport, theirs = reader(either_loop, [])
        theirs.close()
        spin(either_loop)
    assert [line for line in caplog.messages if line.endswith("was closed by peer")]
    assert repr(transport) == f"<_UnixReadPipeTransport closed fd={transport._fileno} closed>"
