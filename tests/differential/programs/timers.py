"""call_later() and call_at(). What must be due at once is let become due by sleeping it over."""

import asyncio
import time

from registry import program

GAP = 0.03  # between deadlines that must not be due in one iteration


def sleep_over(seconds=0.02):
    """Keep the loop busy until every deadline nearer than that has passed."""
    time.sleep(seconds)


@program
def equal_deadlines_two(t):
    when = t.loop.time() + 0.01
    t.loop.call_at(when, t, "first")
    t.loop.call_at(when, t, "second")
    t.loop.call_soon(sleep_over)
    t.spin(3)


@program
def deadlines_are_kept_whatever_the_order_of_calls(t):
    now = t.loop.time()
    for number in (5, 2, 8, 1, 9, 3, 7, 4, 6):
        t.loop.call_at(now + number * 0.001, t, number)
    t.loop.call_soon(sleep_over)
    t.spin(3)


@program
def near_deadlines(t):
    now = t.loop.time()
    t.loop.call_at(now + 2e-6, t, "second")
    t.loop.call_at(now + 1e-6, t, "first")
    t.loop.call_at(now + 3e-6, t, "third")
    t.loop.call_soon(sleep_over)
    t.spin(3)


@program
def apart_by_more_than_the_clock_sees(t):
    t.loop.call_later(3 * GAP, t, "third")
    t.loop.call_later(GAP, t, "first")
    t.loop.call_later(4 * GAP, t.loop.stop)
    t.loop.call_later(2 * GAP, t, "second")
    t.loop.run_forever()


@program
def due_timers_come_after_what_is_ready(t):
    """In one iteration: first what was ready, then what became due meanwhile."""
    t.loop.call_later(0.001, t, "timer")
    sleep_over()
    t.loop.call_soon(t, "soon 1")
    t.loop.call_soon(t, "soon 2")
    t.loop.call_soon(t.loop.call_soon, t, "soon 3")
    t.spin(1)
    t("next")
    t.spin(2)


@program
def timers_made_by_timers(t):
    def timer(name):
        t(name)
        if len(name) < 4:
            t.loop.call_later(0, timer, name + "a")
            t.loop.call_soon(t, "soon after", name)

    t.loop.call_later(0, timer, "t")
    for _ in range(10):
        sleep_over(0.001)
        t.spin()


@program
def later_zero_and_negative(t):
    t.loop.call_later(0, t, "zero")
    t.loop.call_soon(t, "soon")
    t.loop.call_later(-1, t, "negative")
    t.loop.call_at(t.loop.time() - 100, t, "long ago")
    t.loop.call_at(0, t, "at zero")
    t.loop.call_soon(t, "soon again")
    sleep_over(0.002)
    t("first iteration")
    t.spin()
    t("second")
    t.spin()


@program
def past_deadlines_keep_their_order(t):
    for when in (-1, -3, -2, -5, -4):
        t.loop.call_at(when, t, when)
    t.spin(2)


@program
def none_of_it_runs_before_its_time(t):
    start = t.loop.time()
    late = []

    def timer(delay):
        late.append(t.loop.time() - start - delay)

    for number in range(1, 8):
        t.loop.call_later(number * 0.005, timer, number * 0.005)
    t.loop.call_later(0.06, t.loop.stop)
    t.loop.run_forever()
    # asyncio lets a timer run as early as the clock's resolution.
    resolution = time.get_clock_info("monotonic").resolution
    t(len(late), all(delay >= -resolution for delay in late))


@program
def when_and_the_clock(t):
    before = t.loop.time()
    handle = t.loop.call_later(100, t, "never")
    after = t.loop.time()
    t(before + 100 <= handle.when() <= after + 100)
    exact = t.loop.call_at(12345.678, t, "never")
    t(exact.when(), isinstance(exact.when(), float))
    whole = t.loop.call_at(10**9, t, "never")
    t(whole.when(), type(whole.when()))
    for made in (handle, exact, whole):
        made.cancel()
        t(made.cancelled(), made.when() > 0)
    t(isinstance(t.loop.time(), float), abs(t.loop.time() - time.monotonic()) < 5)


@program
def cancelled_timers(t):
    timers = [t.loop.call_later(0.001 * number, t, number) for number in range(1, 7)]
    for timer in timers[::2]:
        timer.cancel()
        timer.cancel()
    t.loop.call_soon(sleep_over)
    t.spin(3)
    t([timer.cancelled() for timer in timers])
    timers[1].cancel()
    t(timers[1].cancelled())
    t.spin(2)


@program
def a_timer_cancels_another_due_at_once(t):
    t.loop.call_later(0.001, lambda: (t("first"), second.cancel()))
    second = t.loop.call_later(0.002, t, "never")
    t.loop.call_later(0.003, t, "third")
    t.loop.call_soon(sleep_over)
    t.spin(3)


@program
def a_callback_cancels_a_timer_already_due(t):
    """It is due, but the callback that was ready before comes first, and may still cancel it."""
    timer = t.loop.call_later(0.001, t, "never")
    t.loop.call_soon(timer.cancel)
    sleep_over()
    t.spin(3)


@program
def many_cancelled_timers(t):
    """More than asyncio keeps before it cleans its heap out."""
    timers = [t.loop.call_later(0.001 + number * 1e-5, t, number) for number in range(300)]
    for number, timer in enumerate(timers):
        if number % 10:
            timer.cancel()
    t.loop.call_soon(sleep_over)
    t.spin(3)


@program
def a_cancelled_timer_does_not_keep_the_loop(t):
    t.loop.call_later(3600, t, "never").cancel()
    t.loop.call_later(GAP, t.loop.stop)
    t.loop.run_forever()
    t("stopped")


@program
def exceptions_in_timers(t):
    def bad():
        raise ValueError("from a timer")

    t.loop.call_later(0.001, t, "before")
    t.loop.call_later(0.002, bad)
    t.loop.call_later(0.003, t, "after")
    t.loop.call_soon(sleep_over)
    t.spin(3)


@program
def order_of_handles(t):
    now = 1000.0
    one, two = t.loop.call_at(now, t, 1), t.loop.call_at(now + 1, t, 2)
    t(one < two, one <= two, one > two, one >= two, one == two, one != two)
    same = t.loop.call_at(now, t, 1)
    t(one == same, one <= same, one >= same, one < same, hash(one) == hash(same))
    t(one == 1000.0, one != "x")
    t.attempt("order against a number", lambda: one < 5)
    soon = t.loop.call_soon(t, "soon")
    t.attempt("order against a handle", lambda: one < soon)
    t(one == soon)
    t(isinstance(one, asyncio.TimerHandle), isinstance(one, asyncio.Handle))
    t(isinstance(soon, asyncio.Handle), isinstance(soon, asyncio.TimerHandle))
    for made in (one, two, same):
        made.cancel()
    t(one == same, one < two)


@program
def timers_left_when_the_loop_closes(t):
    timer = t.loop.call_later(0.001, t, "never")
    t.loop.call_soon(t, "never either")
    t.loop.close()
    t(timer.cancelled())
    timer.cancel()
    t(timer.cancelled())


@program
def sleeping_tasks_wake_in_the_order_of_their_deadlines(t):
    async def sleeper(number, delay):
        result = await asyncio.sleep(delay, f"result {number}")
        t("woken", number, result)

    async def main():
        tasks = [
            asyncio.ensure_future(sleeper(number, delay))
            for number, delay in enumerate((0.006, 0.002, 0.004, 0.001, 0.005, 0.003))
        ]
        await asyncio.sleep(0)
        sleep_over()
        await asyncio.wait(tasks)

    t.run(main())


@program
def sleeps_between_timers(t):
    """Timers of both kinds share one order."""

    async def sleeper(delay):
        await asyncio.sleep(delay)
        t("slept", delay)

    async def main():
        tasks = []
        for number in range(1, 7):
            if number % 2:
                t.loop.call_later(number * 0.002, t, "timer", number * 0.002)
            else:
                tasks.append(asyncio.ensure_future(sleeper(number * 0.002)))
        await asyncio.sleep(0)
        sleep_over(0.04)
        for iteration in range(4):
            t("iteration", iteration)
            await asyncio.sleep(0)
        await asyncio.wait(tasks)

    t.run(main())


@program
def sleep_zero_negative_and_results(t):
    async def main():
        t(await asyncio.sleep(0))
        t(await asyncio.sleep(0, "result"))
        t(await asyncio.sleep(-1, "negative"))
        t(await asyncio.sleep(0.0, result=[]))
        t(await asyncio.sleep(0.001, result="short"))
        t(await asyncio.sleep(False, "bool"))

    t.run(main())


@program
def sleep_refuses(t):
    async def main():
        for delay in ("1", None, [], 1j):
            try:
                await asyncio.sleep(delay)
            except Exception as exc:
                t(delay, exc)
        try:
            await asyncio.sleep(float("nan"))
        except Exception as exc:
            t("nan", exc)

    t.run(main())
    t.refusal("nothing", asyncio.sleep)
    t.refusal("three", asyncio.sleep, 1, 2, 3)
    t.refusal("loop", asyncio.sleep, 1, loop=t.loop)


@program
def what_sleep_is(t):
    coro = asyncio.sleep(0, "result")
    t(asyncio.iscoroutine(coro), hasattr(coro, "send"), hasattr(coro, "close"))
    t(coro.close())
    coro = asyncio.sleep(1)
    t.attempt("thrown into", coro.throw, ValueError("thrown"))
    t.attempt("without a loop", asyncio.sleep(1).send, None)
