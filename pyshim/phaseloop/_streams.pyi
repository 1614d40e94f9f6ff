"""Native classes and what makes them, with the types of asyncio's own."""

from asyncio import (
    StreamReader as StreamReader,
)
from asyncio import (
    StreamReaderProtocol as StreamReaderProtocol,
)
from asyncio import (
    StreamWriter as StreamWriter,
)
from asyncio import (
    create_subprocess_exec as create_subprocess_exec,
)
from asyncio import (
    create_subprocess_shell as create_subprocess_shell,
)
from asyncio import (
    open_connection as open_connection,
)
from asyncio import (
    open_unix_connection as open_unix_connection,
)
from asyncio import (
    start_server as start_server,
)
from asyncio import (
    start_unix_server as start_unix_server,
)
from asyncio.subprocess import (
    SubprocessStreamProtocol as SubprocessStreamProtocol,
)
