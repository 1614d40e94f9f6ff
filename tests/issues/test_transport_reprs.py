"""repr() of a transport failed on a loop without a selector, and so did whatever names one: the
warning about a StreamWriter left open was lost."""

import asyncio
import gc
import socket

import pytest


def test_repr_tells_what_is_polled(either_loop):
    async def main():
        ours, theirs = socket.socketpair()
        with theirs:
            _reader, writer = await asyncio.open_connection(sock=ours)
            shown = [repr(writer.transport)]
            writer.transport.pause_reading()
            shown.append(repr(writer.transport))
            writer.close()
            await writer.wait_closed()
            await asyncio.sleep(0)
            return [*shown, repr(writer.transport)]

    reading, paused, closed = either_loop.run_until_complete(main())
    assert "fd=" in reading
    assert "read=polling write=<idle, bufsize=0>" in reading
    assert "read=idle write=<idle, bufsize=0>" in paused
    assert "closed" in closed


@pytest.mark.skipif(
    not hasattr(asyncio.StreamWriter, "__del__"), reason="StreamWriter warns from 3.11.5 on"
)
def test_a_writer_left_open_is_warned_about(either_loop):
    async def main():
        ours, theirs = socket.socketpair()
        with theirs:
            reader, writer = await asyncio.open_connection(sock=ours)
            with pytest.warns(ResourceWarning, match="unclosed <StreamWriter transport="):
                del writer
                gc.collect()
            del reader
            await asyncio.sleep(0)

    either_loop.run_until_complete(main())
