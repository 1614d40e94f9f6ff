"""create_task(), ensure_future(), gather() and wait_for() know native coroutines by their type."""

import asyncio
import asyncio.coroutines

import phaseloop
import pytest
from phaseloop import _native


@pytest.fixture
def asked():
    """What asyncio.iscoroutine() is asked about meanwhile."""
    objects = []

    def iscoroutine(obj):
        objects.append(obj)
        return asyncio.coroutines.iscoroutine(obj)

    _native.take_for_coroutines(iscoroutine)
    yield objects
    _native.take_for_coroutines(asyncio.coroutines.iscoroutine)


MAKERS = {
    "Lock.acquire": lambda: phaseloop.Lock().acquire(),
    "Event.wait": lambda: set_event().wait(),
    "Queue.put": lambda: phaseloop.Queue().put(1),
    "sleep": lambda: phaseloop.sleep(0, "slept"),
    "wait_for": lambda: phaseloop.wait_for(phaseloop.sleep(0, "slept"), 60),
}
TAKERS = {
    "create_task": phaseloop.create_task,
    "ensure_future": phaseloop.ensure_future,
    "gather": phaseloop.gather,
    "wait_for": lambda coroutine: phaseloop.wait_for(coroutine, 60),
    "Task": lambda coroutine: phaseloop.Task(coroutine, loop=asyncio.get_running_loop()),
}


def set_event():
    event = phaseloop.Event()
    event.set()
    return event


@pytest.mark.parametrize("taker", TAKERS)
@pytest.mark.parametrize("maker", MAKERS)
def test_they_are_taken_without_asking_asyncio(maker, taker, asked):
    async def main():
        return await TAKERS[taker](MAKERS[maker]())

    expected = {"Lock.acquire": True, "Event.wait": True, "Queue.put": None}.get(maker, "slept")
    result = phaseloop.run(main())
    assert result == ([expected] if taker == "gather" else expected)
    assert not [obj for obj in asked if type(obj).__module__.startswith("phaseloop")]


def test_a_coroutine_that_has_ended_fails_its_task():
    async def main():
        coroutine = phaseloop.Lock().acquire()
        assert await coroutine is True
        with pytest.raises(RuntimeError, match="cannot reuse already awaited coroutine"):
            await phaseloop.create_task(coroutine)

    phaseloop.run(main())
