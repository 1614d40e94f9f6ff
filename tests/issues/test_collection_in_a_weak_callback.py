"""A collection in the callback of a weak reference does not take its object apart a second time."""

import asyncio
import gc
import weakref

import phaseloop
import pytest

MADE = {
    "routine": lambda: phaseloop.Lock().acquire(),
    "operation": lambda: phaseloop.sleep(10),
    "collected operation": lambda: phaseloop.wait_for(
        asyncio.get_running_loop().create_future(), 10
    ),
    "future": lambda: asyncio.get_running_loop().create_future(),
    "task": lambda: asyncio.ensure_future(asyncio.sleep(0)),
    "handle": lambda: asyncio.get_running_loop().call_soon(int),
    "timer": lambda: asyncio.get_running_loop().call_later(10, print),
    "lock": phaseloop.Lock,
    "loop": phaseloop.new_event_loop,
}


@pytest.mark.parametrize("kind", MADE)
def test_what_is_weakly_referenced(kind):
    collected = []

    async def main():
        one = MADE[kind]()
        seen = weakref.ref(one, lambda _: collected.append(gc.collect()))
        for name in "cancel", "close":
            if hasattr(one, name):
                getattr(one, name)()
                break
        for _ in range(3):
            await asyncio.sleep(0)
        del one
        for _ in range(3):
            gc.collect()
            await asyncio.sleep(0)
        assert seen() is None

    phaseloop.run(main())
    assert len(collected) == 1
