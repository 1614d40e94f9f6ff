"""Trees of tasks: each of six children has six children, six levels deep; leaves differ.

The family that CPython itself measures asyncio by (pyperformance: async_tree), smaller.
"""

import asyncio
import functools
import random

from task.row import row
from task.rows import bare

BRANCHES, LEVELS = 6, 5
NODES = sum(BRANCHES**level for level in range(LEVELS + 1))
IO_SECONDS = 0.005


async def none():
    """A leaf that does nothing."""


async def io():
    """A leaf that waits, as for a network."""
    await asyncio.sleep(IO_SECONDS)


def factorial(n):
    """Some work for the processor."""
    result = 1
    for i in range(1, n + 1):
        result *= i
    return result


async def mixed(choices):
    """A leaf that computes or waits."""
    if choices.random() < 0.5:
        factorial(200)
    else:
        await asyncio.sleep(IO_SECONDS)


async def memoised(cache, choices):
    """A leaf that waits unless the answer is known."""
    key = choices.randrange(100)
    if key not in cache:
        cache[key] = True
        await asyncio.sleep(IO_SECONDS)


def leaves(kind):
    """A function that makes leaves of this kind."""
    choices = random.Random(0)
    if kind == "none":
        return none
    if kind == "io":
        return io
    if kind == "mixed":
        return functools.partial(mixed, choices)
    return functools.partial(memoised, {}, choices)


async def gathered(level, leaf):
    """A tree by gather()."""
    if level == 0:
        return await leaf()
    await asyncio.gather(*[gathered(level - 1, leaf) for _ in range(BRANCHES)])


async def grouped(level, leaf):
    """A tree by TaskGroup."""
    if level == 0:
        return await leaf()
    async with asyncio.TaskGroup() as group:
        for _ in range(BRANCHES):
            group.create_task(grouped(level - 1, leaf))


async def plain(level):
    """The same coroutines one inside the other: the floor."""
    if level:
        for _ in range(BRANCHES):
            await plain(level - 1)


def define(kind, way, **options):
    """Defines the row of one kind of leaf and one way to grow the tree."""
    name = {"gather": "tree", "eager": "eager_tree", "group": "group_tree"}[way]

    async def run(count):
        loop = asyncio.get_running_loop()
        tree = grouped if way == "group" else gathered
        if way == "eager":
            loop.set_task_factory(asyncio.eager_task_factory)
        try:
            for _ in range(max(1, count // NODES)):
                await tree(LEVELS, leaves(kind))
        finally:
            loop.set_task_factory(None)
        return {"operations": max(1, count // NODES) * NODES}

    def floor(count):
        trees = max(1, count // NODES)
        bare.batches(trees, 1, lambda: plain(LEVELS))
        return {"operations": trees * NODES}

    run.__name__ = f"{name}_{kind}"
    run.__doc__ = f"a tree of tasks by {way}, leaves: {kind}"
    since = (3, 12) if way == "eager" else (3, 11)
    count = NODES * 3
    row("trees", count, "task", since=since, floor=floor if kind == "none" else None, **options)(
        run
    )


for way in ("gather", "eager", "group"):
    for kind in ("none", "io", "mixed", "memoised"):
        define(kind, way, quick=(way, kind) == ("gather", "none"))
