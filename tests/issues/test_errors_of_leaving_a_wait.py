"""Whoever leaves the wait for a lock or a queue by an error wakes the next in his place. What fails
there is raised, in the context of the error, as in asyncio's `except` clause.
"""

import asyncio
import collections

import phaseloop
import pytest


class Failing(asyncio.Future):
    """A waiter that can't be woken."""

    def done(self):
        raise KeyError("done")


class Row(collections.deque):
    """A row of waiters that none can leave."""

    def remove(self, waiter):
        raise KeyError("remove")


async def leave_lock(lock):
    await lock.acquire()
    task = asyncio.ensure_future(lock.acquire())
    await asyncio.sleep(0)
    lock._waiters.append(Failing())
    lock._locked = False
    return task


async def leave_queue(queue):
    queue._getters = Row()
    task = asyncio.ensure_future(queue.get())
    await asyncio.sleep(0)
    return task


@pytest.mark.parametrize("module", [asyncio, phaseloop], ids=["stock", "phaseloop"])
@pytest.mark.parametrize("kind, leave", [("Lock", leave_lock), ("Queue", leave_queue)])
def test_the_error_replaces_the_cancellation(module, kind, leave):
    async def main():
        task = await leave(getattr(module, kind)())
        task.cancel()
        with pytest.raises(KeyError) as caught:
            await task
        return type(caught.value.__context__)

    new_loop = asyncio.SelectorEventLoop if module is asyncio else phaseloop.new_event_loop
    with asyncio.Runner(loop_factory=new_loop) as runner:
        assert runner.run(main()) is asyncio.CancelledError
