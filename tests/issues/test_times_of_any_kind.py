"""Wherever asyncio takes a time, a delay or a timeout, any object will do that it takes."""

import asyncio
import math
import sys
from decimal import Decimal
from fractions import Fraction

import phaseloop
import pytest

LITTLE = 0.0001
BOUND = 0.02  # what has not come by then does not come


class HasFloat:
    def __float__(self):
        return LITTLE


class HasIndex:
    def __index__(self):
        return 0


class Adds:
    def __radd__(self, other):
        return other + LITTLE


class Failing(float):
    def __add__(self, other):
        raise LookupError

    __radd__ = __add__


class OwnFloat(float):
    pass


class OwnInt(int):
    pass


VALUES = [
    *(math.nan, math.inf, -math.inf, 1e300, -1, -0.0, 0, LITTLE, True, False),
    *(10**400, -(10**400), 2**63, -(2**63), 2**1023, 2**1024),
    *(Fraction(1, 10_000), Fraction(-1, 2), Fraction(10**400), Fraction(-(10**400))),
    *(Decimal("0.0001"), Decimal(-1), Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity")),
    *(HasFloat(), HasIndex(), Adds(), Failing(LITTLE), OwnFloat(LITTLE), OwnInt(0)),
    *("1", None, 1j, [], b"x"),
]


async def forever():
    await asyncio.get_running_loop().create_future()


async def outcome(coroutine):
    """What comes of it, or "waits" if nothing does."""
    loop = asyncio.get_running_loop()
    task = loop.create_task(coroutine)
    over = loop.create_future()
    task.add_done_callback(lambda _: over.done() or over.set_result(None))
    timer = loop.call_later(BOUND, lambda: over.done() or over.set_result(None))
    await over
    timer.cancel()
    for _ in range(10):  # both may have been due at once
        if not task.done():
            await asyncio.sleep(0)
    if not task.done():
        task.cancel()
        await asyncio.wait([task])
        return "waits"
    return await task


async def call_later(value):
    loop = asyncio.get_running_loop()
    called = []
    handle = loop.call_later(value, called.append, 1)
    await asyncio.sleep(LITTLE * 3)
    handle.cancel()
    return type(handle.when()).__name__, called


async def call_at(value):
    loop = asyncio.get_running_loop()
    called = []
    handle = loop.call_at(value, called.append, 1)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    handle.cancel()
    return handle.when() is value, called


async def wait_for_what_is_done(value):
    future = asyncio.get_running_loop().create_future()
    future.set_result(7)
    return await asyncio.wait_for(future, value)


async def timeout(value):
    async with asyncio.timeout(value) as limit:
        await asyncio.sleep(0)
    return type(limit.when()).__name__


async def expiring_timeout(value):
    async with asyncio.timeout(value):
        await forever()


async def timeout_at(value):
    async with asyncio.timeout_at(value) as limit:
        assert limit.when() is value
        await forever()


async def reschedule(value):
    async with asyncio.timeout(9) as limit:
        limit.reschedule(value)
        assert limit.when() is value
        await forever()


async def wait(value):
    done, pending = await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=value)
    return len(done), len(pending)


async def as_completed(value):
    for awaitable in asyncio.as_completed(
        [asyncio.get_running_loop().create_future()], timeout=value
    ):
        await awaitable


TAKERS = [
    call_later,
    call_at,
    lambda value: outcome(asyncio.sleep(value, 7)),
    lambda value: outcome(asyncio.wait_for(forever(), value)),
    lambda value: outcome(asyncio.wait_for(asyncio.sleep(0, 7), value)),
    wait_for_what_is_done,
    timeout,
    *(lambda value, taker=taker: outcome(taker(value))
      for taker in (expiring_timeout, timeout_at, reschedule, wait, as_completed)),
]  # fmt: skip


def run(make_loop, taker, value):
    """What comes of it on a loop of its own, which some errors leave unusable on asyncio."""
    loop = make_loop()
    loop.set_exception_handler(lambda loop, context: None)
    try:
        return loop.run_until_complete(taker(value))
    except Exception as exc:
        # Which comparison of timers fails first depends on what else is scheduled.
        return type(exc).__name__, str(exc).replace("'>='", "'<'")
    finally:
        for task in asyncio.all_tasks(loop):
            task._log_destroy_pending = False
        loop.close()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("installed", [False, True], ids=["loop", "installed"])
@pytest.mark.parametrize("value", VALUES, ids=lambda value: f"{type(value).__name__}-{value!s:.20}")
def test_a_time_of_any_kind_is_taken_as_asyncio_takes_it(value, installed, request):
    wanted = [run(asyncio.SelectorEventLoop, taker, value) for taker in TAKERS]
    if installed:
        request.getfixturevalue("installed")
    found = [run(phaseloop.new_event_loop, taker, value) for taker in TAKERS]
    for position, answer in enumerate(wanted):
        # From 3.14 on asyncio's run ends with an error of its selector, and the loop is of no use
        # any more; here the timer is due, as it is on the releases before.
        if answer == ("ValueError", "cannot convert float NaN to integer"):
            found[position] = answer
    assert found == wanted


def test_a_timer_that_is_no_number_is_due_with_the_first(loop):
    """asyncio's heap, in which it compares with nothing, leaves it behind the first."""
    order = []
    loop.call_later(0.001, order.append, "first")
    loop.call_later(math.nan, order.append, "no number")
    loop.call_later(0.01, loop.stop)
    loop.run_forever()
    assert order == ["first", "no number"]


def test_timers_beyond_all_numbers_never_come(loop):
    for never in (10**400, math.inf, sys.float_info.max, Fraction(10**400)):
        loop.call_at(never, pytest.fail, "a timer that is due in the far future was run")
    loop.call_at(-(10**400), loop.stop)
    loop.run_forever()
