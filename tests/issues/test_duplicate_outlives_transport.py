"""A descriptor was closed behind its transport's back while a duplicate of it lived: epoll went on
reporting it, with a pointer to the transport, when that was long freed."""

import asyncio
import gc
import os
import socket

import phaseloop


def test_events_of_a_duplicate_do_not_reach_the_freed_transport():
    async def main():
        here, there = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=here)
        number = writer.get_extra_info("socket").fileno()
        duplicate = os.dup(number)
        # The number stays in use, so that closing the transport closes a descriptor of its own.
        other = os.open("/dev/null", os.O_RDONLY)
        os.dup2(other, number)
        writer.transport.abort()
        await asyncio.sleep(0.01)
        del reader, writer
        gc.collect()
        filling = [bytearray(size) for size in range(64, 1024) for _ in range(4)]
        there.send(b"x")
        await asyncio.sleep(0.01)
        os.close(duplicate)
        os.close(other)
        there.close()
        return len(filling)

    assert phaseloop.run(main()) > 0


def test_events_of_a_duplicate_do_not_reach_the_next_reader_of_the_number():
    async def main():
        loop = asyncio.get_running_loop()
        here, there = socket.socketpair()
        loop.add_reader(here, lambda: None)
        number = here.fileno()
        duplicate = here.dup()
        here.close()
        loop.remove_reader(here)
        there.send(b"x")
        next_one, its_end = socket.socketpair()
        assert number in (next_one.fileno(), its_end.fileno())
        calls = []
        loop.add_reader(number, calls.append, "called")
        await asyncio.sleep(0.01)
        loop.remove_reader(number)
        for each in duplicate, there, next_one, its_end:
            each.close()
        return calls

    assert phaseloop.run(main()) == []
