"""Database servers from Debian's packages: instances of the tests' own, on ports of their own."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from process import PATIENCE


class Unavailable(Exception):
    """Why a server can't be had on this machine."""


class Server:
    """An instance in a temporary folder, which `user` owns; it is gone after close()."""

    _end = signal.SIGTERM

    def __init__(self, package, user=None):
        self.folder = Path(tempfile.mkdtemp(prefix=f"phaseloop-{package}-"))
        self._log = self.folder / "log"
        self._user = user if os.geteuid() == 0 else None
        if self._user:
            self._owned_by_user(self.folder)
        self._process = None

    def _owned_by_user(self, path):
        account = pwd.getpwnam(self._user)
        os.chown(path, account.pw_uid, account.pw_gid)

    def _private_copy(self, source, name):
        copy = shutil.copy(source, self.folder / name)
        copy.chmod(0o600)
        if self._user:
            self._owned_by_user(copy)
        return copy

    def _as_user(self, command):
        if self._user:
            user = (f"--reuid={self._user}", f"--regid={self._user}", "--init-groups")
            command = ("setpriv", *user, "--", *command)
        return [str(word) for word in command]

    def _run(self, *command):
        subprocess.run(self._as_user(command), check=True, capture_output=True, cwd=self.folder)

    def _start(self, *command):
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._as_user(command), stdout=log, stderr=log, cwd=self.folder
            )

    def _wait_until_ready(self, *question):
        """Ask a command whose exit status is zero as soon as the server answers."""
        deadline = time.monotonic() + PATIENCE
        while subprocess.run([str(word) for word in question], capture_output=True).returncode:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the server did not start:\n{self._log.read_text()}")
            time.sleep(0.05)

    def close(self):
        self._process.send_signal(self._end)
        self._process.wait(PATIENCE)
        shutil.rmtree(self.folder)


class Redis(Server):
    """A Redis server: `port`, `tls_port`, and the Unix socket `path`."""

    def __init__(self, certificate):
        server, self.client = _binary("redis-server"), _binary("redis-cli")
        super().__init__("redis")
        self.port, self.tls_port = free_ports(2)
        self.path = self.folder / "socket"
        options = {
            "bind": "127.0.0.1",
            "port": self.port,
            "unixsocket": self.path,
            "save": "",
            "dir": self.folder,
            "tls-port": self.tls_port,
            "tls-cert-file": certificate / "certificate.pem",
            "tls-key-file": certificate / "key.pem",
            "tls-ca-cert-file": certificate / "authority.pem",
            "tls-auth-clients": "no",
        }
        self._start(server, *(word for key in options for word in (f"--{key}", options[key])))
        self._wait_until_ready(self.client, "-p", self.port, "-e", "ping")

    def ask(self, *command):
        """What redis-cli prints for a command."""
        asked = [self.client, "-p", str(self.port), *command]
        return subprocess.run(asked, check=True, capture_output=True, text=True).stdout


class Postgres(Server):
    """A PostgreSQL server: `port` on localhost, with TLS and without, and a socket in `folder`."""

    USER = "postgres"  # which may not be root

    _end = signal.SIGINT  # waits for no client

    def __init__(self, certificate):
        initdb, server, ready = map(_postgres_binary, ("initdb", "postgres", "pg_isready"))
        super().__init__("postgresql", self.USER)
        (self.port,) = free_ports(1)
        data = self.folder / "data"
        self._run(initdb, "-D", data, "-U", self.USER, "-A", "trust", "-E", "UTF8", "--no-sync")
        options = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": self.folder,
            "fsync": "off",
            "ssl": "on",
            "ssl_cert_file": self._private_copy(certificate / "certificate.pem", "certificate.pem"),
            "ssl_key_file": self._private_copy(certificate / "key.pem", "key.pem"),
        }
        settings = (word for key in options for word in ("-c", f"{key}={options[key]}"))
        self._start(server, "-D", data, *settings)
        self._wait_until_ready(ready, "-h", "127.0.0.1", "-p", self.port)


def _binary(name):
    if found := shutil.which(name, path=f"{os.defpath}:{os.environ['PATH']}:/usr/sbin"):
        return found
    raise Unavailable(f"no {name}: apt-get install redis-server")


def _postgres_binary(name):
    """Debian keeps the server's programs off the path, by version."""
    if found := sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}")):
        return found[-1]
    raise Unavailable("no PostgreSQL server: apt-get install postgresql")


def free_ports(count):
    """Ports that nobody listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()
