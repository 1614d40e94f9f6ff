"""Connections that nobody closed went away with the loop: the collector had taken their sockets
apart, or closed them, and the number was somebody else's by then.
"""

import asyncio
import gc
import os
import socket
import sys
import warnings

import phaseloop
import pytest
from peers import HOST, address_of


class Keeping(asyncio.Protocol):
    made = 0

    def connection_made(self, transport):
        Keeping.made += 1
        self.transport = transport


class KeepingOpener(Keeping):
    def connection_made(self, transport):
        super().connection_made(transport)
        transport.opener = Opener()


class Opener:
    """Opens a file when it is collected, which gets the number of what was closed last."""

    opened = ()

    def __del__(self):
        Opener.opened.append(os.open(os.devnull, os.O_RDONLY))


async def leave_connections(protocol):
    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, HOST, 0)
    for _ in range(3):
        older = socket.create_connection(address_of(server))
        older.setblocking(False)
        await loop.create_connection(protocol, sock=older)
    while Keeping.made < 6:
        await asyncio.sleep(0)
    server.close()


@pytest.mark.parametrize(
    "factory", [asyncio.SelectorEventLoop, phaseloop.new_event_loop], ids=["stock", "native"]
)
@pytest.mark.parametrize("protocol", [Keeping, KeepingOpener])
def test_collected_unclosed(protocol, factory, monkeypatch):
    warned, unraisable = [], []
    monkeypatch.setattr(sys, "unraisablehook", unraisable.append)
    monkeypatch.setattr(Opener, "opened", [])
    monkeypatch.setattr(Keeping, "made", 0)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        # A record of the warnings would keep the transports, which they name as their source.
        warnings.showwarning = lambda message, *where: warned.append(str(message))
        loop = factory()
        loop.run_until_complete(leave_connections(protocol))
        loop.close()
        del loop
        gc.collect()
    assert sum("unclosed transport" in message for message in warned) == 6
    assert not unraisable
    assert len(Opener.opened) == (6 if protocol is KeepingOpener else 0)
    for fd in Opener.opened:
        os.close(fd)  # OSError if somebody else did
