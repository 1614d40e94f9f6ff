"""What `await` hands over, whatever phaseloop reuses underneath."""

import asyncio
import gc
import sys
import weakref

import pytest


class Value:
    """Something to refer to weakly."""


@pytest.fixture
def native(loop, installed):
    return loop


def finished(value):
    future = asyncio.get_running_loop().create_future()
    future.set_result(value)
    return future


async def from_future(value):
    return await finished(value)


async def from_queue(value):
    queue = asyncio.Queue()
    await queue.put(value)
    return await queue.get()


async def from_sleep(value):
    return await asyncio.sleep(0.001, value)


WAYS = [from_future, from_queue, from_sleep]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "value", [None, 1, (), (1, 2), ValueError("a"), StopIteration(3)], ids=repr
)
def test_any_value_comes_through(native, way, value):
    if way is from_queue and value is None:
        value = 0
    assert native.run_until_complete(way(value)) is value


@pytest.mark.parametrize("way", WAYS)
def test_the_value_is_let_go_with_its_last_name(native, way):
    async def main():
        value = Value()
        gone = weakref.ref(value)
        received = await way(value)
        assert received is value
        del value, received
        return gone() is None

    assert native.run_until_complete(main())


def test_the_exception_of_a_manual_step_stays_as_it_was(native):
    async def main():
        value = Value()
        gone = weakref.ref(value)
        iterator = finished(value).__await__()
        with pytest.raises(StopIteration) as caught:
            next(iterator)
        assert await finished(7) == 7
        assert caught.value.value is value
        assert caught.value.args == (value,)
        del caught, value, iterator
        await finished(8)
        gc.collect()
        return gone() is None

    assert native.run_until_complete(main())


def test_steps_by_hand_leave_no_frames_behind(native):
    def by_hand(value):
        local = Value()
        seen.append(weakref.ref(local))
        try:
            next(finished(value).__await__())
        except StopIteration as stop:
            return stop.value

    seen = []

    async def main():
        for value in range(1, 100):
            assert by_hand(value) == value
        await finished(0)
        gc.collect()
        return sum(ref() is not None for ref in seen)

    assert native.run_until_complete(main()) == 0


def test_results_are_not_counted_twice(native):
    async def main():
        value = Value()
        before = sys.getrefcount(value)
        for _ in range(1000):
            for way in WAYS[:2]:
                await way(value)
        return sys.getrefcount(value) - before

    assert native.run_until_complete(main()) == 0
