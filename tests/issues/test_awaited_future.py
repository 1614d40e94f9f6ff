"""task._fut_waiter: the future that a task waits for, whatever it waits in."""

import asyncio
import gc
import inspect
import socket
import weakref

import phaseloop
import pytest


@pytest.fixture(params=["loop", "installed"])
def run(request):
    """run(main) on phaseloop's loop, with stock names and with native ones."""
    if request.param == "installed":
        phaseloop.install()
    try:
        yield lambda main: phaseloop.run(main)
    finally:
        if request.param == "installed":
            phaseloop.uninstall()


async def waiting(coroutine):
    """A task that waits in the coroutine by now."""
    task = asyncio.ensure_future(coroutine)
    for _ in range(2):
        await asyncio.sleep(0)
    assert not task.done()
    return task


def sock_recv():
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    loop.call_later(60, theirs.close)  # keeps it open

    return loop.sock_recv(ours, 10)


KINDS = {
    "sleep": lambda: phaseloop.sleep(60),
    "asyncio.sleep": lambda: asyncio.sleep(60),
    "wait": lambda: asyncio.wait([asyncio.get_running_loop().create_future()]),
    "as_completed": lambda: next(
        iter(asyncio.as_completed([asyncio.get_running_loop().create_future()]))
    ),
    "wait_for": lambda: asyncio.wait_for(asyncio.sleep(60), 60),
    "event": lambda: asyncio.Event().wait(),
    "queue": lambda: asyncio.Queue().get(),
    "sock_recv": sock_recv,
}


@pytest.mark.parametrize("kind", KINDS)
def test_it_looks_like_a_future(run, kind):
    async def main():
        loop = asyncio.get_running_loop()
        task = await waiting(KINDS[kind]())
        waiter = task._fut_waiter
        assert isinstance(waiter, asyncio.Future) and asyncio.isfuture(waiter)
        assert not inspect.iscoroutine(waiter)
        assert not waiter.done() and not waiter.cancelled()
        assert waiter.get_loop() is loop
        assert task._fut_waiter is waiter
        assert "wait_for=<Future pending" in repr(task) or kind == "wait_for"
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert task._fut_waiter is None

    run(main())


@pytest.mark.parametrize("kind", KINDS)
def test_cancelling_it_cancels_the_wait(run, kind):
    async def main():
        task = await waiting(KINDS[kind]())
        called = []
        waiter = task._fut_waiter
        waiter.add_done_callback(called.append)
        assert waiter.cancel("why")
        assert waiter.cancelled() and task._fut_waiter is waiter
        await asyncio.wait([task], timeout=10)
        assert task.done() and called == [waiter]

    run(main())


def test_a_sleep_gives_what_its_future_is_finished_with(run):
    async def main():
        task = await waiting(asyncio.sleep(60, "late"))
        task._fut_waiter.set_result("early")
        assert await task == "early"
        task = await waiting(asyncio.sleep(60, "late"))
        task._fut_waiter.set_exception(KeyError("early"))
        with pytest.raises(KeyError):
            await task

    run(main())


def test_a_sleep_ends_in_time_when_its_future_was_looked_at(run):
    async def main():
        task = await waiting(asyncio.sleep(0.02, "result"))
        waiter = task._fut_waiter
        assert await task == "result"
        assert waiter.result() == "result"

    run(main())


def test_received_data_is_the_result_of_the_future(run):
    async def main():
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.setblocking(False)
            task = await waiting(loop.sock_recv(ours, 10))
            waiter = task._fut_waiter
            theirs.send(b"data")
            assert await task == b"data"
            assert waiter.result() == b"data"

    run(main())


def test_a_wait_that_is_woken_by_hand_gives_what_is_done(run):
    async def main():
        future = asyncio.get_running_loop().create_future()
        task = await waiting(asyncio.wait([future]))
        task._fut_waiter.set_result(None)
        done, pending = await task
        assert not done and pending == {future}

    run(main())


def test_an_as_completed_that_is_woken_by_hand_waits_again(run):
    async def main():
        future = asyncio.get_running_loop().create_future()
        task = await waiting(next(iter(asyncio.as_completed([future]))))
        first = task._fut_waiter
        first.set_result(None)
        await asyncio.sleep(0.01)
        assert not task.done() and task._fut_waiter is not first
        future.set_result("result")
        assert await task == "result"

    run(main())


def test_it_is_done_from_the_wake_up_to_the_step(run):
    async def main():
        loop = asyncio.get_running_loop()
        seen = []
        task = await waiting(asyncio.sleep(60))
        task.cancel("why")
        seen.append((task._fut_waiter.done(), task._fut_waiter.cancelled()))
        await asyncio.wait([task])
        assert seen == [(True, True)]

        gate = loop.create_future()
        task = await waiting(asyncio.wait([gate]))
        gate.set_result(1)
        # The wait is woken in the next iteration, and its task steps in the one after.
        loop.call_soon(lambda: seen.append(task._fut_waiter and task._fut_waiter.done()))
        await task
        assert seen[-1] is True

    run(main())


def test_a_task_whose_future_was_looked_at_is_collected_with_its_loop():
    def dropped():
        loop = phaseloop.new_event_loop()
        task = loop.create_task(phaseloop.sleep(60))
        task._log_destroy_pending = False
        loop.call_soon(loop.stop)
        loop.run_forever()
        assert not task._fut_waiter.done()
        loop.close()
        return weakref.ref(loop), weakref.ref(task)

    gone = dropped()
    gc.collect()
    assert [reference() for reference in gone] == [None, None]
