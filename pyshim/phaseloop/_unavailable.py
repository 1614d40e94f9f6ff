"""The methods of an event loop that phaseloop does not have yet: each says so by its name."""

_COROUTINES = (
    "connect_accepted_socket",
    "connect_read_pipe",
    "connect_write_pipe",
    "create_connection",
    "create_datagram_endpoint",
    "create_server",
    "create_unix_connection",
    "create_unix_server",
    "sendfile",
    "sock_accept",
    "sock_connect",
    "sock_recv",
    "sock_recv_into",
    "sock_recvfrom",
    "sock_recvfrom_into",
    "sock_sendall",
    "sock_sendfile",
    "sock_sendto",
    "start_tls",
    "subprocess_exec",
    "subprocess_shell",
)


class UnavailableMixin:
    """Raises NotImplementedError where asyncio would need a transport or a socket call."""


def _unavailable(name):
    async def method(self, *args, **kwargs):
        raise NotImplementedError(f"phaseloop's loop has no {name}() yet")

    method.__name__ = name
    method.__qualname__ = f"Loop.{name}"
    method.__doc__ = "Not there yet: raises NotImplementedError."
    return method


for _name in _COROUTINES:
    setattr(UnavailableMixin, _name, _unavailable(_name))
