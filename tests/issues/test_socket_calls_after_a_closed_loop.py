"""A socket call in memory used again took the loop of its former user for its own."""

import asyncio
import contextlib
import gc
import socket

import phaseloop


def test_results_that_are_there_at_once_on_one_loop_after_the_other():
    async def received(loop, ours, theirs):
        ours.setblocking(False)
        got = []
        for number in range(8):
            theirs.send(b"%d" % number)
            got.append(await loop.sock_recv(ours, 10))
        return got

    wanted = [b"%d" % number for number in range(8)]
    following = phaseloop.new_event_loop()
    for _ in range(8):
        loop, following = following, phaseloop.new_event_loop()
        ours, theirs = socket.socketpair()
        with ours, theirs, contextlib.closing(loop):
            assert loop.run_until_complete(received(loop, ours, theirs)) == wanted
        del loop
        gc.collect()
        # In the place of what the loop had.
        filled = [bytearray(b"\xff" * size) for size in range(16, 4096, 8) for _ in range(4)]
    following.close()
    del filled


def test_a_call_resumed_by_hand_before_a_loop_drives_it():
    ours, theirs = socket.socketpair()
    with ours, theirs, contextlib.closing(phaseloop.new_event_loop()) as loop:
        ours.setblocking(False)
        theirs.send(b"first")

        async def main():
            return await loop.sock_recv(ours, 10)

        assert loop.run_until_complete(main()) == b"first"
        theirs.send(b"second")
        call = loop.sock_recv(ours, 10)
        try:
            call.send(None)
        except StopIteration as stop:
            assert stop.value == b"second"
        else:
            raise AssertionError("the data is there")
    assert asyncio._get_running_loop() is None
