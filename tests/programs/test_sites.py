"""Web servers as a user would start them, asked by blocking clients."""

import contextlib
import hashlib
import os
import re
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import websockets
from process import APPS, LOOP
from sites import KINDS, Site

LARGE = 8 << 20


@pytest.fixture(scope="module", params=list(KINDS))
def site(request, tmp_path_factory, certificate):
    """A site of each kind; it has to end well after all that the tests did to it."""
    running = Site(KINDS[request.param], tmp_path_factory.mktemp("site"), certificate)
    yield running
    try:
        running.stop()
    finally:
        running.program.kill()


def test_loop(site):
    assert site.ask("/loop").decode() == LOOP


def test_large_bodies(site):
    body = os.urandom(LARGE)
    assert site.ask("/digest", body).decode() == hashlib.sha256(body).hexdigest()
    assert site.ask("/echo", body) == body


def test_body_in_chunks(site):
    body = [bytes([number]) * 1000 * number for number in range(200)]
    assert site.ask("/echo", iter(body)) == b"".join(body)


def test_answer_in_chunks(site):
    connection = site.connection()
    connection.request("GET", "/chunks/1000")
    with connection.getresponse() as response:
        assert response.headers["Transfer-Encoding"] == "chunked"
        assert response.read().split() == [b"%d" % number for number in range(1000)]
    connection.close()


def test_file(site):
    assert site.ask("/file/started.py") == (APPS / "started.py").read_bytes()


def test_connection_kept(site):
    connection = site.connection()
    connection.connect()
    port = connection.sock.getsockname()[1]
    for number in range(200):
        body = b"%d" % number
        assert site.ask("/echo", body, connection) == body
        assert connection.sock.getsockname()[1] == port
    connection.close()


def test_requests_sent_ahead(site):
    connection = site.connection()
    connection.connect()
    request = b"GET /loop HTTP/1.1\r\nHost: localhost\r\n\r\n"
    connection.sock.sendall(request * 20)
    received = b""
    while received.count(LOOP.encode()) < 20:
        received += connection.sock.recv(65536) or pytest.fail(f"the end after {received}")
    assert received.count(b"HTTP/1.1 200 ") == 20
    connection.close()


def test_fifty_at_once(site):
    def ask(number):
        body = bytes([number]) * 65536
        connection = site.connection()
        for _ in range(3):
            assert site.ask("/echo", body, connection) == body
        connection.close()

    with ThreadPoolExecutor(50) as pool:
        assert len(list(pool.map(ask, range(50)))) == 50


def test_client_that_leaves(site):
    for times in range(1, 4):
        connection = site.connection()
        connection.request("GET", "/endless")
        response = connection.getresponse()
        assert response.read(1 << 20) == bytes(1 << 20)
        response.close()
        connection.close()
        site.program.wait_for(rf"(?s)(no longer endless.*){{{times}}}")


def test_client_that_does_not_read(site):
    """Others are answered meanwhile, and the server does not keep in memory what it can't send."""
    before = len(re.findall("no longer endless", site.program.stdout))
    connection = site.connection()
    connection.request("GET", "/endless")
    memory = site.program.memory()
    for _ in range(100):
        assert site.ask("/digest", b"").decode() == hashlib.sha256().hexdigest()
    assert site.program.memory() - memory < 64 << 20
    connection.close()
    site.program.wait_for(rf"(?s)(no longer endless.*){{{before + 1}}}")


def test_websocket(site):
    with site.websocket() as connection:
        for text in ("short", "ä€😀", "x" * LARGE):
            connection.send(text)
            assert connection.recv() == text
        data = os.urandom(LARGE)
        connection.send(data)
        assert connection.recv() == data
        assert connection.ping().wait(60)
        for number in range(500):
            connection.send(str(number))
        assert [connection.recv() for _ in range(500)] == [str(number) for number in range(500)]
    site.program.wait_for("closed with (1000|1006)")


def test_websocket_closed_by_server(site):
    with site.websocket() as connection:
        connection.send("close")
        with pytest.raises(websockets.ConnectionClosedError) as closed:
            connection.recv()
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4000, "as you wish")


def test_fifty_websockets(site):
    ready = threading.Barrier(50)

    def chat(number):
        with site.websocket() as connection:
            ready.wait(60)
            for turn in range(20):
                connection.send(f"{number} {turn}")
                assert connection.recv() == f"{number} {turn}"

    with ThreadPoolExecutor(50) as pool:
        assert len(list(pool.map(chat, range(50)))) == 50


def test_nonsense(site):
    """A client that talks something else is sent off; the server goes on."""
    site.program.check()
    for nonsense in (b"\x00" * 100, b"GET\r\n\r\n", b""):
        with socket.create_connection(("127.0.0.1", site.port), timeout=60) as client:
            client.sendall(nonsense)
            client.shutdown(socket.SHUT_WR)
            with contextlib.suppress(ConnectionResetError):
                while client.recv(65536):
                    continue
    assert site.ask("/loop").decode() == LOOP
    site.program.forgive()


@pytest.mark.parametrize(
    ("kind", "number"),
    [(name, number) for name, kind in KINDS.items() for number in kind.statuses],
)
def test_end(kind, number, tmp_path, certificate):
    """A server that is told to end answers what it was asked, and ends cleanly."""
    site = Site(KINDS[kind], tmp_path, certificate)
    connection = site.connection()
    try:
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(site.ask, "/slow", connection=connection)
            site.program.wait_for("asked to be slow")
            site.stop(number)
            assert answer.result() == b"slowly"
        with pytest.raises(ConnectionRefusedError):
            site.ask("/loop")
    finally:
        connection.close()
        site.program.kill()
