"""A service that finishes what it has begun when it is told to stop (SIGTERM, or Ctrl-C).

    python3 examples/graceful_shutdown.py

A second signal, or 10 seconds, ends it at once.
"""

import asyncio
import signal

import phaseloop

PATIENCE = 10  # seconds


async def job(number):
    """Something that must not be cut off in the middle."""
    await asyncio.sleep(0.3)
    print("job", number, "is done", flush=True)


async def serve(stopping):
    """Begin a job every so often. Returns those that are still going on."""
    jobs, number = set(), 0
    while not stopping.is_set():
        number += 1
        task = asyncio.create_task(job(number))
        jobs.add(task)  # the loop keeps no task alive: somebody must
        task.add_done_callback(jobs.discard)
        try:
            await asyncio.wait_for(stopping.wait(), 0.1)
        except TimeoutError:
            continue
    return jobs


async def main():
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()

    def stop():
        stopping.set()
        for each in signal.SIGTERM, signal.SIGINT:
            loop.remove_signal_handler(each)
        print("stopping; once more to end at once", flush=True)

    for each in signal.SIGTERM, signal.SIGINT:
        loop.add_signal_handler(each, stop)
    print("serving", flush=True)
    jobs = await serve(stopping)
    if jobs:
        done, late = await asyncio.wait(jobs, timeout=PATIENCE)
        for task in late:
            task.cancel()
        print(f"{len(done)} more jobs done, {len(late)} cut off")


if __name__ == "__main__":
    phaseloop.run(main())
