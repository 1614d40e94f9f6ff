"""What a loop does with sockets, pipes and child processes beyond what is native.

The functions here are the running CPython's own: they work on any loop that can watch descriptors,
so behaviour and errors are asyncio's of whatever release is running. What is hot is native and
comes before this class in the loop's bases, or is put in place of asyncio's by name below.
"""

import functools
import os
import selectors
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

log, selector_events, sslproto, unix_events = map(
    _stock.Module, ("log", "selector_events", "sslproto", "unix_events")
)

_BORROWED = {
    selector_events.BaseSelectorEventLoop: (
        "_accept_connection",
        "_accept_connection2",
        "_ensure_fd_no_transport",
        "_sendfile_native",
        "_sock_accept",
        "_sock_connect",
        "_sock_connect_cb",
        "_sock_read_done",
        "_sock_recv",
        "_sock_recv_into",
        "_sock_recvfrom",
        "_sock_recvfrom_into",
        "_sock_sendall",
        "_sock_sendto",
        "_sock_write_done",
        "add_reader",
        "add_writer",
        "remove_reader",
        "remove_writer",
        "sock_connect",
    ),
    unix_events._UnixSelectorEventLoop: (
        "_child_watcher_callback",
        "_make_subprocess_transport",
        "_sock_add_cancellation_callback",
        "_sock_sendfile_native",
        "_sock_sendfile_native_impl",
        "_sock_sendfile_update_filepos",
        "create_unix_connection",
        "create_unix_server",
    ),
}

# The same, native for plain sockets.
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
_NUMERIC = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV
_INET, _INET6 = socket.AF_INET, socket.AF_INET6
_KINDS = {
    kind: (kind, protocol)
    for kind, protocol in (
        (socket.SOCK_STREAM, socket.IPPROTO_TCP),
        (socket.SOCK_DGRAM, socket.IPPROTO_UDP),
    )
}


class _WatchedDescriptors:
    """As much of a selector as can be asked: what add_reader() and add_writer() watch."""

    def __init__(self, loop):
        self._loop = loop

    def get_key(self, fileobj):
        """The SelectorKey of a descriptor or of an object with fileno(); KeyError: not watched."""
        fd = fileobj if isinstance(fileobj, int) else fileobj.fileno()
        transport = self._loop._transport_of(fd)
        handles = transport._polls() if transport else self._loop._watchers_of(fd)
        kinds = zip((selectors.EVENT_READ, selectors.EVENT_WRITE), handles, strict=True)
        events = sum(kind for kind, handle in kinds if handle)
        if not events:
            raise KeyError(f"{fileobj!r} is not registered")
        return selectors.SelectorKey(fd, fd, events, handles)


class NetworkMixin:
    """Transports, servers, socket calls and child processes."""

    def __init__(self):
        super().__init__()
        self._transports = Transports(self)
        self._listeners = {}  # by descriptor
        self._unix_server_sockets = {}  # {socket: inode}, to be removed with it; from 3.13
        if _stock.get(unix_events, "_PidfdChildWatcher"):  # from 3.14: a loop's own, not a policy's
            self._watcher = (
                unix_events._PidfdChildWatcher()
                if unix_events.can_use_pidfd()
                else unix_events._ThreadedChildWatcher()
            )

    async def getaddrinfo(self, host, port, *, family=0, type=0, proto=0, flags=0):
        """socket.getaddrinfo() without blocking: names in a thread, numeric addresses here and now.

        Raises socket.gaierror as that function does.
        """
        if socket.getaddrinfo is _getaddrinfo and not self._debug:
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
        if numeric and socket.getnameinfo is _getnameinfo:
            return _getnameinfo(sockaddr, flags)
        return await super().getnameinfo(sockaddr, flags)

    @property
    def _selector(self):
        """Where the repr of asyncio's own transports sees whether they are polled. None: closed."""
        return None if self._closed else _WatchedDescriptors(self)

    def _make_socket_transport(
        self, sock, protocol, waiter=None, *, extra=None, server=None, context=None
    ):
        self._ensure_fd_no_transport(sock)
        return socket_transport(self, sock, protocol, waiter, extra, server, context)

    def _make_datagram_transport(self, sock, protocol, address=None, waiter=None, extra=None):
        self._ensure_fd_no_transport(sock)
        return datagram_transport(self, sock, protocol, address, waiter, extra)

    def _make_read_pipe_transport(self, pipe, protocol, waiter=None, extra=None):
        return ReadPipeTransport(self, pipe, protocol, waiter, extra)

    def _make_write_pipe_transport(self, pipe, protocol, waiter=None, extra=None):
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
        if sslcontext is None and is_socket(sock) and not self._debug:
            context = more.get("context")
            self._listeners[sock.fileno()] = _native.Listener(
                self, protocol_factory, sock, server, backlog, context
            )
        else:
            arguments = (protocol_factory, sock, sslcontext, server, backlog)
            accept = functools.partial(self._accept_connection, *arguments, *timeouts, **more)
            self._add_reader(sock.fileno(), accept)

    def _stop_serving(self, sock):
        if listener := self._listeners.pop(sock.fileno(), None):
            listener.stop()
        inode = self._unix_server_sockets.pop(sock, None)
        path = sock.getsockname() if inode is not None else None
        self._remove_reader(sock.fileno())
        sock.close()
        if path is None:
            return
        try:
            if os.stat(path).st_ino == inode:
                os.unlink(path)
        except FileNotFoundError:
            return
        except OSError as exc:
            log.logger.error("Unable to clean up listening UNIX socket %r: %r", path, exc)


for _owner, _names in _BORROWED.items():
    for _name in _names:
        if _name in vars(_owner):  # releases differ
            setattr(NetworkMixin, _name, vars(_owner)[_name])

for _name in _NATIVE:
    if _name in vars(selector_events.BaseSelectorEventLoop):
        _function = vars(selector_events.BaseSelectorEventLoop)[_name]
        setattr(NetworkMixin, _name, _native.function(_name, _function))
