"""The document's four programs, scaled up, with their waits scaled down.

Each keeps its shape: the same calls around the same coroutines, with many phases for three, and a
few microseconds for each tenth of a second.
"""

import asyncio

from task.row import row

SHORT = 1e-6  # seconds, in place of the document's tenths
PHASES = 1000


async def phase(i, seconds):
    await asyncio.sleep(seconds)
    return f"phase {i} result"


def phases(seconds=SHORT):
    return [phase(i, seconds * (i % 3)) for i in range(PHASES)]


@row("the document", 20_000, "phase", quick=True)
async def document_wait(count):
    """asyncio_wait.py: wait() for many phases, then the results"""
    for _ in range(max(1, count // PHASES)):
        tasks = [asyncio.ensure_future(each) for each in phases()]
        done, pending = await asyncio.wait(tasks)
        assert not pending
        [task.result() for task in done]


@row("the document", 20_000, "phase")
async def document_wait_timeout(count):
    """asyncio_wait_timeout.py: wait() with a timeout, then the pending are cancelled"""
    for _ in range(max(1, count // PHASES)):
        tasks = [asyncio.ensure_future(each) for each in phases(1000.0)]
        _, pending = await asyncio.wait(tasks, timeout=1e-6)
        for task in pending:
            task.cancel()
        await asyncio.wait(pending)


@row("the document", 20_000, "phase")
async def document_gather(count):
    """asyncio_gather.py: gather() of many phases"""
    for _ in range(max(1, count // PHASES)):
        await asyncio.gather(*phases())


@row("the document", 20_000, "phase")
async def document_as_completed(count):
    """asyncio_as_completed.py: results in the order in which they come"""
    for _ in range(max(1, count // PHASES)):
        for next_done in asyncio.as_completed(phases()):
            await next_done
