#!/usr/bin/env python3
"""A first measurement: phaseloop against asyncio and uvloop, as ratios taken in one run.

Every figure is a fresh process; the runtimes take turns (A B C A B C …) and each figure is the
median of the rounds. The garbage collector is on for all, as in a program.

    ./dev bench [--rounds N] [WORKLOAD…]
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time

RUNTIMES = ("asyncio", "uvloop", "phaseloop")


async def _nothing():
    return None


async def spawn(count):
    """Make a task and await it, one after the other."""
    for _ in range(count):
        await asyncio.create_task(_nothing())


async def gather_1000(count):
    """gather() of 1000 coroutines that return at once."""
    for _ in range(count // 1000):
        await asyncio.gather(*[_nothing() for _ in range(1000)])


async def wait_1000(count):
    """wait() for 1000 tasks."""
    for _ in range(count // 1000):
        await asyncio.wait([asyncio.create_task(_nothing()) for _ in range(1000)])


async def sleep_zero(count):
    """Give way to the loop, again and again."""
    for _ in range(count):
        await asyncio.sleep(0)


async def future_wakeup(count):
    """A future made, finished by a callback, and awaited."""
    loop = asyncio.get_running_loop()
    for _ in range(count):
        future = loop.create_future()
        loop.call_soon(future.set_result, None)
        await future


async def call_soon(count):
    """A chain: each callback schedules the next."""
    loop = asyncio.get_running_loop()
    done = loop.create_future()

    def step(left):
        if left:
            loop.call_soon(step, left - 1)
        else:
            done.set_result(None)

    step(count)
    await done


async def sleeps(count):
    """`count` tasks that sleep at the same time, each for its own while."""

    async def one(i):
        await asyncio.sleep(0.001 + (i % 100) / 1e5)

    await asyncio.gather(*[one(i) for i in range(count)])


WORKLOADS = {
    "spawn": (spawn, 100_000),
    "gather_1000": (gather_1000, 200_000),
    "wait_1000": (wait_1000, 200_000),
    "sleep_zero": (sleep_zero, 300_000),
    "future_wakeup": (future_wakeup, 200_000),
    "call_soon": (call_soon, 300_000),
    "sleeps_50000": (sleeps, 50_000),
}


def measure(runtime, workload):
    """In the child: seconds for one run of the workload, after a short one to warm up."""
    factory = asyncio.new_event_loop
    if runtime == "phaseloop":
        import phaseloop

        phaseloop.install()
        factory = phaseloop.new_event_loop
    elif runtime == "uvloop":
        import uvloop

        factory = uvloop.new_event_loop
    function, count = WORKLOADS[workload]

    async def main():
        await function(max(1000, count // 20))
        start = time.perf_counter()
        await function(count)
        return time.perf_counter() - start

    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(main()) / count


def child(runtime, workload):
    """Nanoseconds for one operation, measured in a process of its own; None if it can't be run."""
    done = subprocess.run(
        [sys.executable, __file__, "--child", runtime, workload], capture_output=True, text=True
    )
    if done.returncode:
        print(f"{runtime} can't run {workload}: {done.stderr.strip()[-200:]}", file=sys.stderr)
        return None
    return json.loads(done.stdout) * 1e9


def main():
    """Measure and print one table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workload", nargs="*", choices=[[], *WORKLOADS], metavar="WORKLOAD")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(measure(*options.child))
        return
    print(f"Python {sys.version.split()[0]}, median of {options.rounds} rounds, ns per operation")
    print(f"{'':16}" + "".join(f"{r:>12}" for r in RUNTIMES) + f"{'/asyncio':>12}{'/uvloop':>12}")
    for workload in options.workload or WORKLOADS:
        rounds = [[child(r, workload) for r in RUNTIMES] for _ in range(options.rounds)]
        columns = [[v for v in c if v is not None] for c in zip(*rounds, strict=True)]
        medians = [statistics.median(c) if c else None for c in columns]
        ours = medians[-1]
        row = "".join(f"{m:12.0f}" if m else f"{'-':>12}" for m in medians)
        ratios = "".join(f"{m / ours:11.1f}x" if m and ours else f"{'-':>12}" for m in medians[:2])
        print(f"{workload:16}{row}{ratios}", flush=True)


if __name__ == "__main__":
    main()
