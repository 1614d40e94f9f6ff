"""Threads that posted without end kept the loop from its timers and descriptors for seconds."""

import asyncio
import contextlib
import gc
import socket
import threading

import phaseloop

# What the loop runs of other threads' work before it looks at timers and descriptors again:
# EventLoop::kPortionMax. Twice as much is allowed for, since a callback may start before the
# deadline that it is counted against.
PORTION = 1024


@contextlib.contextmanager
def flood(loop, callback, threads=4):
    """Threads that post the callback as fast as they can."""
    stop = threading.Event()

    def post():
        with contextlib.suppress(RuntimeError):  # the loop was closed
            while not stop.is_set():
                loop.call_soon_threadsafe(callback)

    posters = [threading.Thread(target=post) for _ in range(threads)]
    for each in posters:
        each.start()
    try:
        yield
    finally:
        stop.set()
        for each in posters:
            each.join()


def test_timers_wait_for_one_portion_of_what_is_posted():
    loop = phaseloop.new_event_loop()
    late, counts = 0, []
    due = loop.time() + 0.05

    def posted():
        nonlocal late
        late += loop.time() > due

    def timer():
        nonlocal due, late
        counts.append(late)
        late = 0
        if len(counts) == 20:
            loop.stop()
        due = loop.time() + 0.005
        loop.call_at(due, timer)

    loop.call_at(due, timer)
    with flood(loop, posted):
        loop.run_forever()
        loop.close()
    assert max(counts) <= 2 * PORTION


def test_descriptors_are_served_while_threads_post():
    """A task that echoes, each hop of which queues behind what has been posted."""

    async def main():
        loop = asyncio.get_running_loop()
        here, there = socket.socketpair()
        here.setblocking(False)
        there.setblocking(False)
        with flood(loop, lambda: None):
            for number in range(20):
                await loop.sock_sendall(here, bytes([number]))
                assert await loop.sock_recv(there, 10) == bytes([number])
                await asyncio.sleep(0.001)
        here.close()
        there.close()
        return "done"

    with asyncio.Runner(loop_factory=phaseloop.new_event_loop) as runner:
        assert runner.run(asyncio.wait_for(main(), 60)) == "done"


def test_work_stays_in_the_order_in_which_it_was_scheduled():
    loop = phaseloop.new_event_loop()
    log = []

    def blocks():
        thread = threading.Thread(target=post)
        thread.start()
        thread.join()
        loop.call_soon(log.append, "own")
        loop.call_soon_threadsafe(log.append, "posted by the loop's thread")
        loop.call_soon(loop.stop)

    def post():
        for number in range(20_000):
            loop.call_soon_threadsafe(log.append, number)

    loop.call_soon(blocks)
    loop.run_forever()
    loop.close()
    assert log == [*range(20_000), "own", "posted by the loop's thread"]


def test_what_was_posted_before_a_single_iteration_runs_in_it():
    loop = phaseloop.new_event_loop()
    ran = []
    for number in range(5000):
        loop.call_soon_threadsafe(ran.append, number)
    loop.stop()
    loop.run_forever()
    loop.close()
    assert ran == list(range(5000))


def test_a_thread_that_holds_what_the_loop_waits_for_is_not_held_up():
    """It is let through after one wait in vain, however much it posts."""
    loop = phaseloop.new_event_loop()
    lock, held, ran = threading.Lock(), threading.Event(), []

    def post():
        with lock:
            held.set()
            for _ in range(50_000):
                loop.call_soon_threadsafe(ran.append, None)

    def wants_the_lock():
        thread.start()
        held.wait()
        with lock:
            pass
        loop.call_soon(loop.stop)

    thread = threading.Thread(target=post)
    loop.call_soon(wants_the_lock)
    loop.run_forever()
    thread.join()
    loop.close()
    assert len(ran) == 50_000


def test_closing_a_loop_with_a_large_backlog_frees_every_handle():
    loop = phaseloop.new_event_loop()
    freed, refused = 0, 0

    class Calls:
        """Its finalizer calls back into the loop."""

        def __del__(self):
            nonlocal freed, refused
            freed += 1
            try:
                loop.call_soon_threadsafe(print)
            except RuntimeError:
                refused += 1

    for _ in range(50_000):
        loop.call_soon_threadsafe(print, Calls())
    loop.close()
    gc.collect()
    assert (freed, refused) == (50_000, 50_000)
