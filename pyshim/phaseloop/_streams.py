"""asyncio's streams with native cores, and the functions that make them.

What is not native is asyncio's own code of whatever release is running. Where that code makes a
stream, by a name of its module, it makes one of these: a function's copy has them under that name.
"""

import types

from . import _native, _stock
from ._primitives import _made_of

streams, subprocess = map(_stock.Module, ("streams", "subprocess"))

_FLOW = ("pause_writing", "resume_writing", "_drain_helper")


def _with_names(function, **names):
    """The same function, for which these are what its module has under their names.

    What is not written in Python stays as it is.
    """
    if not isinstance(function, types.FunctionType):
        return function
    copy = types.FunctionType(
        function.__code__,
        {**function.__globals__, **names},
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    copy.__kwdefaults__ = function.__kwdefaults__
    copy.__annotations__ = function.__annotations__
    copy.__doc__ = function.__doc__
    copy.__qualname__ = function.__qualname__
    return copy


def _set_connection_made(protocol, **names):
    """Have the protocol's connection_made() make streams by these names, if it has one."""
    for name, function in _stock.methods(protocol, ["connection_made"]).items():
        setattr(protocol, name, _with_names(function, **names))


StreamReader = _made_of(
    _native.StreamReaderCore,
    streams.StreamReader,
    (
        "__init__",
        "__anext__",
        "_maybe_resume_transport",
        "_wakeup_waiter",
        "at_eof",
        "exception",
        "feed_data",
        "feed_eof",
        "read",
        "readexactly",
        "readline",
        "readuntil",
        "set_exception",
        "set_transport",
    ),
)
StreamWriter = _made_of(
    _native.StreamWriterCore,
    streams.StreamWriter,
    (
        "__init__",
        "__del__",
        "can_write_eof",
        "close",
        "drain",
        "get_extra_info",
        "is_closing",
        "wait_closed",
        "write",
        "write_eof",
        "writelines",
    ),
)
StreamReaderProtocol = _made_of(
    _native.StreamReaderProtocolCore,
    streams.StreamReaderProtocol,
    (
        "__init__",
        "__del__",
        "_get_close_waiter",
        "connection_lost",
        "data_received",
        "eof_received",
        *_FLOW,
    ),
)
_set_connection_made(StreamReaderProtocol, StreamWriter=StreamWriter)

_NAMES = {
    "StreamReader": StreamReader,
    "StreamReaderProtocol": StreamReaderProtocol,
    "StreamWriter": StreamWriter,
}
open_connection = _with_names(streams.open_connection, **_NAMES)
open_unix_connection = _with_names(streams.open_unix_connection, **_NAMES)
start_server = _with_names(streams.start_server, **_NAMES)
start_unix_server = _with_names(streams.start_unix_server, **_NAMES)

SubprocessStreamProtocol = _made_of(
    _native.FlowControlCore, subprocess.SubprocessStreamProtocol, _FLOW
)
_set_connection_made(
    SubprocessStreamProtocol,
    streams=types.SimpleNamespace(StreamReader=StreamReader, StreamWriter=StreamWriter),
)
create_subprocess_exec = _with_names(
    subprocess.create_subprocess_exec, SubprocessStreamProtocol=SubprocessStreamProtocol
)
create_subprocess_shell = _with_names(
    subprocess.create_subprocess_shell, SubprocessStreamProtocol=SubprocessStreamProtocol
)

_native.set_classes(**_NAMES, SubprocessStreamProtocol=SubprocessStreamProtocol)
