"""getaddrinfo(): the same answers as the resolver's, numeric addresses without a thread."""

import asyncio
import itertools
import socket

import phaseloop
import pytest

HOSTS = ["127.0.0.1", "192.0.2.1", "::1", "2001:db8::1", "2001:DB8:0::1", "::ffff:192.0.2.1"]
ODD_HOSTS = ["fe80::1", "1.2.3", "127.1", "1.2.3.4 ", "01.2.3.4", "", None, b"127.0.0.1", "::1%lo"]
PORTS = [0, 80, 65535, "80", None, 65536, -1]
KINDS = [0, socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW]
PROTOCOLS = [0, socket.IPPROTO_TCP, socket.IPPROTO_UDP]
FAMILIES = [0, socket.AF_INET, socket.AF_INET6, socket.AF_UNIX]


def outcome(call):
    """What came of it, errors included."""
    try:
        return call()
    except (OSError, OverflowError, TypeError, UnicodeError, ValueError) as exc:
        return type(exc), exc.args


@pytest.mark.parametrize("host", HOSTS + ODD_HOSTS, ids=repr)
def test_every_answer_is_the_resolvers(host):
    async def main():
        loop = asyncio.get_running_loop()
        for port, kind, protocol, family in itertools.product(PORTS, KINDS, PROTOCOLS, FAMILIES):
            given = {"type": kind, "proto": protocol, "family": family}
            wanted = outcome(lambda: socket.getaddrinfo(host, port, **given))  # noqa: B023
            task = loop.getaddrinfo(host, port, **given)
            try:
                found = await task
            except Exception as exc:
                found = type(exc), exc.args
            assert found == wanted, (port, given)
            assert repr(found) == repr(wanted)

    phaseloop.run(main())


def test_a_numeric_address_takes_no_thread():
    async def main():
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo("192.0.2.1", 80, type=socket.SOCK_STREAM)
        assert found == socket.getaddrinfo("192.0.2.1", 80, type=socket.SOCK_STREAM)
        assert loop._default_executor is None

    phaseloop.run(main())


def test_what_stands_in_for_the_resolver_is_asked(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: ["mine"])

    async def main():
        loop = asyncio.get_running_loop()
        return await loop.getaddrinfo("192.0.2.1", 80, type=socket.SOCK_STREAM)

    assert phaseloop.run(main()) == ["mine"]


ADDRESSES = [("127.0.0.1", 80), ("::1", 80), ("2001:db8::1", 443, 0, 0), ("0.0.0.0", 0)]
ODD_ADDRESSES = [("localhost", 80), ("127.0.0.1",), ("127.0.0.1", 70000), ("", 0), "text", None, ()]


@pytest.mark.parametrize("address", ADDRESSES + ODD_ADDRESSES, ids=repr)
@pytest.mark.parametrize("more", [0, socket.NI_DGRAM])
def test_every_name_is_the_resolvers(address, more):
    async def main():
        flags = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV | more
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getnameinfo(address, flags)
        except Exception as exc:
            found = type(exc), exc.args
        assert found == outcome(lambda: socket.getnameinfo(address, flags))
        assert loop._default_executor is None

    phaseloop.run(main())


def test_names_are_looked_up_in_a_thread():
    async def main():
        loop = asyncio.get_running_loop()
        address = "127.0.0.1", 80
        found = await loop.getnameinfo(address, socket.NI_NUMERICHOST)
        assert found == socket.getnameinfo(address, socket.NI_NUMERICHOST)
        assert loop._default_executor is not None

    phaseloop.run(main())
