"""What a loop does with sockets, pipes and child processes beyond what is native.

The loop derives from the running CPython's own, which does everything that is not hot on whatever
can watch descriptors. What is hot is here, or is put in place of asyncio's by name below. A loop
that runs asyncio's own code (_patched.py) has that for everything.
"""

import socket

from . import _native, _stock
from ._transports import (
    ReadPipeTransport,
    Transports,
    WritePipeTransport,
    datagram_transport,
    is_socket,
    socket_transport,
)

base_events, selector_events, sslproto = map(
    _stock.Module, ("base_events", "selector_events", "sslproto")
)

# asyncio's, native for plain sockets.
_NATIVE = (
    "sock_accept",
    "sock_recv",
    "sock_recv_into",
    "sock_recvfrom",
    "sock_recvfrom_into",
    "sock_sendall",
    "sock_sendto",
)

# What a program may put in its place is asked whatever the address.
_getaddrinfo = socket.getaddrinfo
_getnameinfo = socket.getnameinfo
_run_in_executor = base_events.BaseEventLoop.run_in_executor
_NUMERIC = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV
_INET, _INET6 = socket.AF_INET, socket.AF_INET6
_KINDS = {
    kind: (kind, protocol)
    for kind, protocol in (
        (socket.SOCK_STREAM, socket.IPPROTO_TCP),
        (socket.SOCK_DGRAM, socket.IPPROTO_UDP),
    )
}


class NetworkMixin:
    """Transports, servers, socket calls and child processes."""

    def __init__(self, selector):
        super().__init__(selector)
        self._transports = Transports(self)
        self._listeners = {}  # by descriptor

    async def getaddrinfo(self, host, port, *, family=0, type=0, proto=0, flags=0):
        """socket.getaddrinfo() without blocking: names in a thread, numeric addresses here and now.

        Raises socket.gaierror as that function does.
        """
        if socket.getaddrinfo is _getaddrinfo and not self._debug and self._runs_plainly():
            address = _native.numeric_address(host, port, family, type, proto, flags)
            if address is not None:
                family = _INET if len(address) == 2 else _INET6
                return [(family, *_KINDS[type], "", address)]
        return await super().getaddrinfo(
            host, port, family=family, type=type, proto=proto, flags=flags
        )

    async def getnameinfo(self, sockaddr, flags=0):
        """socket.getnameinfo() without blocking: in a thread, or at once if numbers are asked for.

        Raises socket.gaierror, and what else that function does.
        """
        numeric = isinstance(flags, int) and flags & _NUMERIC == _NUMERIC
        if numeric and socket.getnameinfo is _getnameinfo and self._runs_plainly():
            return _getnameinfo(sockaddr, flags)
        return await super().getnameinfo(sockaddr, flags)

    def _runs_plainly(self):
        # A program's own executor method is to see every call.
        return getattr(self.run_in_executor, "__func__", None) is _run_in_executor

    def _make_socket_transport(
        self, sock, protocol, waiter=None, *, extra=None, server=None, context=None
    ):
        if self._stock:
            more = {} if context is None else {"context": context}  # from 3.15
            return super()._make_socket_transport(
                sock, protocol, waiter, extra=extra, server=server, **more
            )
        self._ensure_fd_no_transport(sock)
        return socket_transport(self, sock, protocol, waiter, extra, server, context)

    def _make_datagram_transport(self, sock, protocol, address=None, waiter=None, extra=None):
        if self._stock:
            return super()._make_datagram_transport(sock, protocol, address, waiter, extra)
        self._ensure_fd_no_transport(sock)
        return datagram_transport(self, sock, protocol, address, waiter, extra)

    def _make_read_pipe_transport(self, pipe, protocol, waiter=None, extra=None):
        if self._stock:
            return super()._make_read_pipe_transport(pipe, protocol, waiter, extra)
        return ReadPipeTransport(self, pipe, protocol, waiter, extra)

    def _make_write_pipe_transport(self, pipe, protocol, waiter=None, extra=None):
        if self._stock:
            return super()._make_write_pipe_transport(pipe, protocol, waiter, extra)
        return WritePipeTransport(self, pipe, protocol, waiter, extra)

    def _make_ssl_transport(
        self,
        rawsock,
        protocol,
        sslcontext,
        waiter=None,
        *,
        extra=None,
        server=None,
        context=None,
        server_side=False,
        server_hostname=None,
        **timeouts,
    ):
        if self._stock:
            if context is not None:  # from 3.15
                timeouts["context"] = context
            return super()._make_ssl_transport(
                rawsock,
                protocol,
                sslcontext,
                waiter,
                extra=extra,
                server=server,
                server_side=server_side,
                server_hostname=server_hostname,
                **timeouts,
            )
        self._ensure_fd_no_transport(rawsock)
        tls = sslproto.SSLProtocol(
            self, protocol, sslcontext, waiter, server_side, server_hostname, **timeouts
        )
        socket_transport(self, rawsock, tls, None, extra, server, context)
        return tls._app_transport

    def _start_serving(
        self, protocol_factory, sock, sslcontext=None, server=None, backlog=100, *timeouts, **more
    ):
        # In debug mode asyncio logs each connection, with a socket object for it.
        if sslcontext is None and is_socket(sock) and not self._debug and not self._stock:
            context = more.get("context")
            self._listeners[sock.fileno()] = _native.Listener(
                self, protocol_factory, sock, server, backlog, context
            )
        else:
            super()._start_serving(
                protocol_factory, sock, sslcontext, server, backlog, *timeouts, **more
            )

    def _stop_serving(self, sock):
        if listener := self._listeners.pop(sock.fileno(), None):
            listener.stop()
        super()._stop_serving(sock)


for _name in _NATIVE:
    if _name in vars(selector_events.BaseSelectorEventLoop):
        _function = vars(selector_events.BaseSelectorEventLoop)[_name]
        setattr(NetworkMixin, _name, _native.function(_name, _function))
