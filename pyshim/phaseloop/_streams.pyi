"""Native classes and what makes them, with the types of asyncio's own."""

from asyncio import (
    StreamReader as StreamReader,
    StreamReaderProtocol as StreamReaderProtocol,
    StreamWriter as StreamWriter,
    create_subprocess_exec as create_subprocess_exec,
    create_subprocess_shell as create_subprocess_shell,
    open_connection as open_connection,
    open_unix_connection as open_unix_connection,
    start_server as start_server,
    start_unix_server as start_unix_server,
)
from asyncio.subprocess import (
    SubprocessStreamProtocol as SubprocessStreamProtocol,
)
