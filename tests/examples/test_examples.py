"""Every example does what its first lines say, started as they say."""

import http.server
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
SECONDS = 60


def command(name, *arguments):
    return [sys.executable, str(EXAMPLES / name), *map(str, arguments)]


def output(name, *arguments):
    """What it prints; it must succeed."""
    done = subprocess.run(
        command(name, *arguments), capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout.splitlines()


@pytest.fixture
def started(request):
    """Starts an example whose output is read line by line; it is stopped at the end."""
    children = []

    def start(name, *arguments):
        child = subprocess.Popen(command(name, *arguments), stdout=subprocess.PIPE, text=True)
        children.append(child)
        return child

    yield start
    for child in children:
        child.kill()
        child.wait()
        child.stdout.close()


def test_every_example_is_tested_and_says_how_to_start_it():
    text = Path(__file__).read_text()
    for path in EXAMPLES.glob("*.py"):
        assert f'"{path.name}"' in text or path.name == "web_app.py", path  # tests/programs
        assert f"python3 -m phaseloop examples/{path.name}" in path.read_text() or (
            f"python3 examples/{path.name}" in path.read_text()
        )


def test_echo_server(started):
    child = started("echo_server.py", "--port", 0)
    ports = [int(child.stdout.readline().split()[-1]) for _ in range(2)]
    for port in ports:
        with socket.create_connection(("127.0.0.1", port), SECONDS) as connection:
            connection.sendall(b"one\ntwo\n")
            received = b""
            while len(received) < 8:
                received += connection.recv(100)
            assert received == b"one\ntwo\n"
    child.send_signal(signal.SIGINT)
    assert child.stdout.read() == "stopped\n"
    assert child.wait(SECONDS) == 0


def test_crawl():
    class Site(http.server.BaseHTTPRequestHandler):
        pages = {  # noqa: RUF012, never changed
            "/": b'<a href="/one"> <a href="two#part"> <a href="http://elsewhere.invalid/">',
            "/one": b'<a href="/two"> <a href="/none">',
            "/two": b'<a href="/">',
        }

        def do_GET(self):
            body = self.pages.get(self.path)
            self.send_response(404 if body is None else 200)
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site) as site:
        thread = threading.Thread(target=site.serve_forever)
        thread.start()
        try:
            start = f"http://127.0.0.1:{site.server_port}"
            *pages, count = output("crawl.py", f"{start}/")
        finally:
            site.shutdown()
            thread.join()
    assert sorted(page.split()[::2] for page in pages) == [
        ["200", f"{start}/"],
        ["200", f"{start}/one"],
        ["200", f"{start}/two"],
        ["404", f"{start}/none"],
    ]
    assert count == "4 pages"


def test_fan_out():
    assert output("fan_out.py") == [
        "prices after 0.03 s",
        "stock after 0.01 s",
        "reviews after 0.02 s",
    ]
    *cancelled, failed = output("fan_out.py", "--fail")
    assert sorted(cancelled) == ["prices was cancelled", "reviews was cancelled"]
    assert failed == "failed: stock does not answer"


def test_producer_consumers():
    *shares, total = output("producer_consumers.py", "--consumers", 2, "--items", 20)
    assert sum(int(share.split()[-1]) for share in shares) == 20
    assert total == "20 items done"


def test_pipeline(tmp_path):
    for name, text in ("a", "pear\napple\n"), ("b", "apple\nfig\napple\n"):
        (tmp_path / name).write_text(text)
    assert output("pipeline.py", tmp_path / "a", tmp_path / "b") == [
        "3 x apple",
        "1 x fig",
        "1 x pear",
    ]


def test_tls_echo():
    pem = ROOT / "tests" / "data" / "localhost.pem"
    said, hello = output("tls_echo.py", pem, pem)
    assert re.fullmatch(r"TLSv1\.3 TLS_\w+", said)
    assert hello == "hello"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_graceful_shutdown(started, number):
    child = started("graceful_shutdown.py")
    assert child.stdout.readline() == "serving\n"
    assert child.stdout.readline() == "job 1 is done\n"
    child.send_signal(number)
    rest = child.stdout.read().splitlines()
    assert child.wait(SECONDS) == 0
    stopping = rest.index("stopping; once more to end at once")
    *jobs, last = rest[stopping + 1 :]
    assert all(re.fullmatch(r"job \d+ is done", job) for job in jobs)
    assert last == f"{len(jobs)} more jobs done, 0 cut off"
    assert jobs


def test_graceful_shutdown_at_once(started):
    child = started("graceful_shutdown.py")
    assert child.stdout.readline() == "serving\n"
    child.send_signal(signal.SIGTERM)
    while not child.stdout.readline().startswith("stopping"):
        pass
    child.send_signal(signal.SIGTERM)
    assert child.wait(SECONDS) == -signal.SIGTERM


def test_a_program_of_2016():
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "phaseloop", EXAMPLES / "from_2016.py"],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[-2:] == ["['one', 'two']", "1 task left, this one"]
    assert sorted(lines[:-2]) == sorted(f"{name} {i}" for name in ("one", "two") for i in range(3))
