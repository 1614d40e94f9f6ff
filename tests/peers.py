"""Small parts that tests of transports share."""

import asyncio
import ssl
from pathlib import Path

CERTIFICATE = Path(__file__).parent / "data" / "localhost.pem"  # with its key; for tests only
HOST = "127.0.0.1"


def server_context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


def client_context():
    """Trusts the certificate, whatever the machine's clock says: it is not what is tested."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Noting(asyncio.Protocol):
    """Keeps what happens to it, and the future of its end."""

    def __init__(self):
        self.seen = []
        self.transport = None
        self.lost = asyncio.get_running_loop().create_future()

    @property
    def data(self):
        return b"".join(what[1] for what in self.seen if what[0] == "data")

    @property
    def kinds(self):
        """What happened, in order, with several data one after the other counted once."""
        kinds = [what[0] for what in self.seen]
        return [kind for at, kind in enumerate(kinds) if at == 0 or kinds[at - 1] != kind]

    def connection_made(self, transport):
        self.transport = transport
        self.seen.append(("made",))

    def data_received(self, data):
        self.seen.append(("data", data))

    def eof_received(self):
        self.seen.append(("eof",))

    def pause_writing(self):
        self.seen.append(("pause",))

    def resume_writing(self):
        self.seen.append(("resume",))

    def connection_lost(self, exc):
        self.seen.append(("lost", exc))
        self.lost.set_result(exc)


async def until(condition, seconds=10):
    """Wait for something that no callback tells of."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.001)


def address_of(server):
    return server.sockets[0].getsockname()[:2]
