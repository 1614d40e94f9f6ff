"""Whatever Python code does, the interpreter survives, and the error is a clear one."""

import asyncio
import gc
import os
import threading

import phaseloop
import pytest


@pytest.mark.parametrize("base", [phaseloop.Future, phaseloop.Task], ids=["Future", "Task"])
def test_objects_that_were_never_initialised(base):
    made = base.__new__(base)
    for method in ("result", "exception", "cancel", "get_loop", "_make_cancelled_error"):
        with pytest.raises((RuntimeError, asyncio.InvalidStateError), match="not initialized"):
            getattr(made, method)()
    if base is phaseloop.Future:
        with pytest.raises(RuntimeError, match="not initialized"):
            made.set_result(1)
        with pytest.raises(RuntimeError):
            repr(made)
    with pytest.raises(RuntimeError):
        made.add_done_callback(print)
    with pytest.raises(RuntimeError):
        iter(made)
    assert not made.done()
    hash(made)
    del made
    gc.collect()


def test_types_that_cannot_be_made_by_hand():
    for kind in (phaseloop._native.Handle, phaseloop._native.TimerHandle):
        with pytest.raises(TypeError):
            kind()


def test_a_callback_may_close_over_everything(loop):
    """The last reference to loop, future and task goes within a step."""
    box = []

    async def last():
        box.clear()
        gc.collect()
        await phaseloop.sleep(0)

    box.append(loop.create_task(last()))
    loop.run_until_complete(phaseloop.sleep(0.001))


def test_comparing_callbacks_may_change_them(loop):
    future = loop.create_future()

    class Evil:
        calls = 0

        def __call__(self, future):
            pass

        def __eq__(self, other):
            Evil.calls += 1
            if Evil.calls < 5:
                future.remove_done_callback(len)
                future.add_done_callback(print)
                future.remove_done_callback(print)
            return False

    for _ in range(3):
        future.add_done_callback(Evil())
    assert future.remove_done_callback(Evil()) == 0
    future.cancel()


def test_finalizers_may_do_anything(loop):
    class Meddling:
        def __del__(self):
            loop.call_soon(int)
            loop.create_task(phaseloop.sleep(0))
            gc.collect()

    async def main():
        for _ in range(3):
            future = loop.create_future()
            future.set_result(Meddling())
            await future
            del future
        handle = loop.call_later(0, Meddling().__class__)
        handle.cancel()
        await phaseloop.sleep(0)

    loop.run_until_complete(main())
    loop.run_until_complete(phaseloop.sleep(0))


def test_a_resurrected_task(loop):
    saved = []
    loop.set_exception_handler(lambda loop, context: saved.append(context.get("task")))

    async def waits():
        await loop.create_future()

    task = loop.create_task(waits())
    loop.run_until_complete(phaseloop.sleep(0))
    del task
    gc.collect()
    assert len(saved) == 1
    assert "pending" in repr(saved[0])
    saved[0].cancel()
    saved.clear()
    gc.collect()


def test_a_loop_dropped_with_work(recwarn):
    loop = phaseloop.new_event_loop()
    loop.call_soon(print)
    loop.call_later(1, print)
    loop.create_task(phaseloop.sleep(1))
    loop._keep = loop.call_soon(lambda: loop)
    loop = None
    gc.collect()
    assert any("unclosed event loop" in str(w.message) for w in recwarn)


def test_fork_within_a_task(loop):
    async def main():
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                assert asyncio._get_running_loop() is None
                assert phaseloop.run(phaseloop.sleep(0.001, "child")) == "child"
                status = 0
            finally:
                os._exit(status)
        await phaseloop.sleep(0.01)
        return os.waitpid(pid, 0)[1]

    assert loop.run_until_complete(main()) == 0
    assert loop.run_until_complete(phaseloop.sleep(0.001, "parent")) == "parent"


def test_loops_in_threads():
    results = []

    def work(i):
        results.append(phaseloop.run(phaseloop.sleep(0.001, i)))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [0, 1, 2, 3]


def test_timers_are_never_early(loop):
    early = []

    def due(when):
        early.append(loop.time() < when)

    now = loop.time()
    for i in range(200):
        when = now + i * 0.000_037
        loop.call_at(when, due, when)
    loop.call_at(now + 0.02, loop.stop)
    loop.run_forever()
    assert len(early) == 200 and not any(early)


def test_a_wait_does_not_pin_finished_tasks(loop):
    """FIRST_COMPLETED in a loop over one long-lived future."""

    async def main():
        lasting = loop.create_future()
        for _ in range(100):
            await phaseloop.wait(
                [lasting, loop.create_task(phaseloop.sleep(0))], return_when="FIRST_COMPLETED"
            )
        assert lasting._callbacks is None
        lasting.cancel()

    loop.run_until_complete(main())


def test_closing_while_operations_are_suspended():
    loop = phaseloop.new_event_loop()

    async def waits():
        future = loop.create_future()
        await phaseloop.wait([future], timeout=100)

    tasks = [loop.create_task(phaseloop.sleep(100)), loop.create_task(waits())]
    loop.run_until_complete(phaseloop.sleep(0.001))
    loop.close()
    for task in tasks:
        task._log_destroy_pending = False
        with pytest.raises(RuntimeError, match="closed"):
            task.cancel()
    del tasks, task
    gc.collect()
