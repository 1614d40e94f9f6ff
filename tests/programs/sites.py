"""The same site made with several frameworks, behind several servers, and plain ways to ask it."""

import http.client
import signal
import ssl
import sys
from dataclasses import dataclass, field

import websockets.sync.client
from process import APPS, PATIENCE, STOCK, WAYS, Program, program, tool
from servers import free_ports


@dataclass(frozen=True)
class Kind:
    """How a site is started: the command line for a port and, if it is to be encrypted, the folder
    with the certificate; what the server says once it listens; the exit status after each signal.
    """

    command: callable
    ready: str
    encrypted: bool = False
    statuses: dict = field(default_factory=lambda: {signal.SIGINT: 0, signal.SIGTERM: 0})
    quiet: str = ""  # what it may complain about


# python3 -m phaseloop -m MODULE
_MODULE = (sys.executable, *next(iter(WAYS.values())), "-m")


def uvicorn(*options, loop="asyncio" if STOCK else "phaseloop:new_event_loop"):
    """The command of a Kind: the Starlette site behind uvicorn."""

    def command(port, certificate=None):
        encryption = ()
        if certificate:
            files = certificate / "key.pem", certificate / "certificate.pem"
            encryption = ("--ssl-keyfile", files[0], "--ssl-certfile", files[1])
        where = ("--app-dir", APPS, "--port", port, *encryption)
        return tool("uvicorn", "starlette_site:app", "--loop", loop, *where, *options)

    return command


def _gunicorn(port):
    worker = "uvicorn_worker.UvicornWorker" if STOCK else "gunicorn_worker.Worker"
    where = ("--chdir", APPS, "--bind", f"127.0.0.1:{port}")
    return tool(
        "gunicorn",
        "starlette_site:app",
        "-k",
        worker,
        *where,
        "--workers",
        2,
        "--no-control-socket",
    )


def _hypercorn(port):
    where = ("--bind", f"127.0.0.1:{port}")
    return [*_MODULE, "hypercorn", "starlette_site:app", *where]


def _aiohttp_module(port):
    where = ("-H", "127.0.0.1", "-P", port)
    return [*_MODULE, "aiohttp.web", *where, "aiohttp_site:application"]


def _app(name, way):
    return lambda *arguments: program(way, name, *arguments)


# On asyncio's own loop, too, aiohttp ends before the other side of a TLS connection says good-bye,
# and uvicorn leaves the parent's socket to the garbage collector.
UNCLOSED = r".*unclosed (transport|<socket).*|  _warn\(.*|ResourceWarning: Enable tracemalloc.*"

UVICORN = {
    "ready": "Uvicorn running on",
    # It ends as the signal would have ended it, but for Ctrl-C.
    "statuses": {signal.SIGINT: 0, signal.SIGTERM: -signal.SIGTERM},
}

KINDS = {
    "uvicorn, h11": Kind(uvicorn("--http", "h11"), **UVICORN),
    "uvicorn, httptools": Kind(uvicorn("--http", "httptools"), **UVICORN),
    "uvicorn, TLS": Kind(uvicorn(), encrypted=True, **UVICORN),
    "uvicorn, workers": Kind(
        uvicorn("--workers", 2), "Application startup complete", quiet=UNCLOSED
    ),
    # After SIGINT its workers don't end, whichever the loop.
    "gunicorn": Kind(_gunicorn, "Application startup complete", statuses={signal.SIGTERM: 0}),
    "hypercorn": Kind(_hypercorn, "Running on"),
    "aiohttp.web": Kind(_aiohttp_module, "Running on", quiet="Stopped"),
}
for _way in WAYS:
    KINDS[f"aiohttp, {_way}"] = Kind(_app("aiohttp_site.py", _way), "Running on")
    KINDS[f"tornado, {_way}"] = Kind(_app("tornado_site.py", _way), "starting")
# In the last of the ways, which is development mode.
KINDS["aiohttp, TLS"] = Kind(
    _app("aiohttp_site.py", _way), "Running on", encrypted=True, quiet=UNCLOSED
)
KINDS["tornado, TLS"] = Kind(_app("tornado_site.py", _way), "starting", encrypted=True)

# What servers log when they are well: clients that talk nonsense are no fault of theirs.
LOGGED = r"(INFO:|DEBUG:|\[.*\] \[INFO\]).*|.*WARNING.*Invalid HTTP request received\."


class Site:
    """A site of some kind, running."""

    def __init__(self, kind, folder, certificate):
        self.kind = kind
        (self.port,) = free_ports(1)
        self._trust = self._websocket_trust = None
        arguments = [self.port]
        if kind.encrypted:
            arguments.append(certificate)
            self._trust, self._websocket_trust = (
                ssl.create_default_context(cafile=certificate / "authority.pem") for _ in range(2)
            )
            # The blocking client reads and writes in two threads. While one of them reads a session
            # ticket, which TLS 1.3 sends after the handshake, what the other one writes is lost.
            self._websocket_trust.maximum_version = ssl.TLSVersion.TLSv1_2
        self.program = Program(kind.command(*arguments), folder, quiet=f"{LOGGED}|{kind.quiet}")
        self.program.wait_for(kind.ready)

    def connection(self):
        """A connection of http.client, not opened yet."""
        if self._trust:
            return http.client.HTTPSConnection(
                "127.0.0.1", self.port, timeout=PATIENCE, context=self._trust
            )
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def ask(self, path, body=None, connection=None):
        """The body of the answer to GET, or POST if there is a body to send."""
        used = connection or self.connection()
        used.request("GET" if body is None else "POST", path, body)
        with used.getresponse() as response:
            answer = response.read()
        assert response.status == 200, (response.status, answer)
        if not connection:
            used.close()
        return answer

    def websocket(self):
        """A connection of websockets' blocking client."""
        scheme = "wss" if self._trust else "ws"
        return websockets.sync.client.connect(
            f"{scheme}://127.0.0.1:{self.port}/socket",
            ssl=self._websocket_trust,
            max_size=None,
            open_timeout=PATIENCE,
        )

    def stop(self, number=signal.SIGTERM):
        """Ask the server to end; check that it does as its kind is known to."""
        assert self.program.stop(number) == self.kind.statuses[number], self.program
        said = self.program.stdout
        assert said.count("starting") >= 1, self.program
        assert said.count("starting") == said.count("stopping"), self.program
