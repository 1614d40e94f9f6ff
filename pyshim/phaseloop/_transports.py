"""Native transports' classes: the native type, and asyncio's own functions for what is cold."""

import socket
import weakref

from . import _native, _stock

base_events, selector_events, transports, unix_events = map(
    _stock.Module, ("base_events", "selector_events", "transports", "unix_events")
)

_stock_stream = selector_events._SelectorSocketTransport


_COLD = (
    # By these names the exception handler hears of what the loop calls itself.
    "_add_reader",
    "_add_writer",  # from 3.15
    "_call_soon",  # from 3.15
    "_call_connection_lost",
    "_read_ready",
    "_sendto_ready",
    "__del__",
    "__repr__",
    "_fatal_error",
    "get_write_buffer_limits",
    "set_write_buffer_limits",
    "_set_write_buffer_limits",
)


def _made_of(native, stock, names, base, **more):
    """A class with asyncio's name, of the native type and asyncio's functions for the rest."""
    size = getattr(stock, "get_write_buffer_size", None)
    if "_buffer_size" in _stock.names_in(getattr(size, "__code__", None)):
        more["_buffer_size"] = property(native.get_write_buffer_size)
    if "context" in _stock.takes(selector_events._SelectorTransport.__init__):  # from 3.15
        more["_context"] = native._given_context
    return _stock.derive(stock, (native,), base, _stock.methods(stock, ("max_size", *names)) | more)


def _write_buffer(transport):
    """What the system has not taken yet: a copy in a container of asyncio's kind."""
    transport.get_write_buffer_size()  # what waits for the end of the iteration is sent
    buffer = transport._buffer_factory()
    for chunk in transport._pending_writes():
        buffer.extend(chunk) if isinstance(buffer, bytearray) else buffer.append(memoryview(chunk))
    return buffer


SocketTransport = _made_of(
    _native.StreamTransport,
    _stock_stream,
    (*_COLD, "_sendfile_compatible", "_start_tls_compatible", "_buffer_factory"),
    transports.Transport,
    _buffer=property(_write_buffer),
)

_stock_datagram = selector_events._SelectorDatagramTransport
DatagramTransport = _made_of(
    _native.DatagramTransport,
    _stock_datagram,
    (*_COLD, "_header_size", "_buffer_factory"),
    transports.DatagramTransport,
)


def _with_native(stock, names):
    """asyncio's class with native methods of these names."""
    return type(
        stock.__name__,
        (stock,),
        {
            "__doc__": stock.__doc__,
            "__module__": stock.__module__,
            **{
                name: _native.function(f"{stock.__name__}.{name}", function)
                for name, function in _stock.methods(stock, names).items()
            },
        },
    )


ReadPipeTransport = _with_native(unix_events._UnixReadPipeTransport, ("_read_ready",))
WritePipeTransport = _with_native(unix_events._UnixWritePipeTransport, ("write", "_write_ready"))

_add_reader = getattr(getattr(_stock_stream, "_add_reader", None), "__code__", None)
_native.set_classes(
    StreamTransport=SocketTransport,
    # Before 3.11.4 and 3.12 a transport began to read even if connection_made() had paused it.
    start_heeds_pause=_add_reader is None or "is_reading" in _add_reader.co_names,
    server_attaches_transports=len(_stock.takes(getattr(base_events.Server, "_attach", None))) > 1,
)


def is_socket(sock):
    """Whether this is a socket with a descriptor of its own: what else there may be under that name
    (a double in a test) is for asyncio's Python code.
    """
    return issubclass(type(sock), socket.socket)


def socket_transport(loop, sock, protocol, waiter, extra, server, context):
    """The transport for a connected stream socket, scheduled to call connection_made()."""
    if is_socket(sock):
        return SocketTransport(loop, sock, protocol, waiter, extra, server, context)
    more = {} if context is None else {"context": context}  # from 3.15
    return _stock_stream(loop, sock, protocol, waiter, extra, server, **more)


def datagram_transport(loop, sock, protocol, address, waiter, extra):
    """The same for a datagram socket."""
    kind = DatagramTransport if is_socket(sock) else _stock_datagram
    return kind(loop, sock, protocol, address, waiter, extra)


class Transports(weakref.WeakValueDictionary):
    """A loop's transports by descriptor: the native ones, which the loop itself keeps track of, and
    asyncio's own.
    """

    def __init__(self, loop):
        super().__init__()
        self._loop = weakref.ref(loop)

    def get(self, fd, default=None):
        """The transport that the descriptor belongs to."""
        return self._loop()._transport_of(fd) or super().get(fd, default)

    def __getitem__(self, fd):
        return self._loop()._transport_of(fd) or super().__getitem__(fd)

    def __setitem__(self, fd, transport):
        if isinstance(transport, (_native.StreamTransport, _native.DatagramTransport)):
            self._loop()._set_transport(fd, transport)
        else:
            super().__setitem__(fd, transport)

    def __delitem__(self, fd):
        transport = self._loop()._transport_of(fd)
        if transport is not None:
            # The descriptor is somebody else's for a while: sendfile() watches it.
            transport._stop_watching_reads()
            self._loop()._set_transport(fd, None)
        else:
            super().__delitem__(fd)
