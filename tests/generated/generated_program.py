"""Small programs as data: what a few tasks do one after the other, and how that is run.

Written against asyncio's names alone; what stands behind them is the test's choice. Every step goes
into a transcript with the virtual time and the task.
"""

import asyncio
import contextvars

TICK = 1 / 64  # seconds: exact as a float and in nanoseconds
LIMIT = 40 * TICK  # then whatever is left is cancelled
UNTIL = (asyncio.ALL_COMPLETED, asyncio.FIRST_COMPLETED, asyncio.FIRST_EXCEPTION)

VAR = contextvars.ContextVar("VAR", default=0)


class World:
    """What the tasks of one program share."""

    def __init__(self, loop):
        self.loop = loop
        self.log = []
        self.tasks = []
        self.lock = asyncio.Lock()
        self.gate = asyncio.Semaphore(2)
        self.event = asyncio.Event()
        self.barrier = asyncio.Barrier(2)
        self.turn = asyncio.Condition()
        self.queues = [asyncio.Queue(1), asyncio.LifoQueue(), asyncio.PriorityQueue(2)]

    def note(self, *words):
        self.log.append((round(self.loop.time() / TICK, 3), *words))


async def child(world, name, ticks, fails):
    """What combinators are given: sleeps, then returns or fails."""
    try:
        await asyncio.sleep(ticks * TICK)
    except asyncio.CancelledError as error:
        # Without its number: a TaskGroup cancels its tasks in the order of a set.
        world.note(name.partition(".")[0], "child cancelled", *map(str, error.args))
        raise
    world.note(name, "done", VAR.get())
    VAR.set(-1)  # in a copy of the context, unless somebody runs this without a task
    if fails:
        raise ValueError(name)
    return name


def children(world, me, shape):
    return [child(world, f"{me}.{i}", t, t == 3) for i, t in enumerate(shape)]


async def perform(world, me, step):
    """One step of a task; returns what there is to note."""
    what, a, b = step
    if what == "sleep":
        return await asyncio.sleep(a * TICK)
    if what in ("lock", "gate"):
        async with getattr(world, what):
            return await asyncio.sleep(a * TICK)
    if what == "event":
        return await world.event.wait()
    if what == "set":
        return (world.event.clear if a % 2 else world.event.set)()
    if what == "turn":
        async with world.turn:
            return await world.turn.wait()
    if what == "notify":
        async with world.turn:
            return world.turn.notify(a)
    if what == "put":
        return await world.queues[b % 3].put(a)
    if what == "get":
        return await world.queues[b % 3].get()
    if what == "var":
        return VAR.set(a).old_value is contextvars.Token.MISSING
    if what == "fail":
        raise LookupError(a)
    if what == "cancel":
        return world.tasks[b % len(world.tasks)].cancel(*(["why"] if a % 2 else []))
    if what == "barrier":
        return await world.barrier.wait()
    if what == "spawn":
        task = world.loop.create_task(child(world, f"{me}.x", a, b == 3), name=f"{me}.x")
        return world.tasks.append(task)
    if what == "await":
        number = int(me[1:])  # an earlier one: two that wait for each other cannot be cancelled
        return await world.tasks[b % number] if number else None
    return await combine(world, me, what, a, b)


async def combine(world, me, what, a, b):
    """Steps that wait for others."""
    shape = [a % 4, (a + b) % 4, b % 4]
    if what == "gather":
        return repr(await asyncio.gather(*children(world, me, shape), return_exceptions=b % 2 == 0))
    if what == "wait":
        tasks = [asyncio.ensure_future(c) for c in children(world, me, shape)]
        timeout = None if a % 2 else b * TICK
        done, pending = await asyncio.wait(tasks, timeout=timeout, return_when=UNTIL[b % 3])
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return len(done), len(pending)
    if what == "completed":
        # Tasks: of coroutines asyncio makes them in the order of a set.
        tasks = [asyncio.ensure_future(c) for c in children(world, me, shape)]
        return [await each for each in asyncio.as_completed(tasks)]
    if what == "each_in_time":
        tasks = [asyncio.ensure_future(c) for c in children(world, me, shape)]
        return [await each for each in asyncio.as_completed(tasks, timeout=b * TICK)]
    if what == "wait_for":
        return await asyncio.wait_for(child(world, me + ".w", a, a == 3), b * TICK)
    if what == "timeout":
        async with asyncio.timeout(b * TICK):
            return await asyncio.sleep(a * TICK)
    if what == "later":
        async with asyncio.timeout(None) as scope:
            world.loop.call_later(b * TICK, scope.reschedule, world.loop.time() + TICK)
            return await child(world, me + ".l", a, False)
    if what == "shield":
        return await asyncio.shield(child(world, me + ".s", a, False))
    async with asyncio.TaskGroup() as group:
        for each in children(world, me, shape):
            group.create_task(each)


def describe(error):
    """An exception, those of a group sorted as they came."""
    if isinstance(error, BaseExceptionGroup):
        return f"group({', '.join(map(describe, error.exceptions))})"
    return f"{type(error).__name__}{tuple(map(str, error.args))}"


async def run_steps(world, me, steps, stubborn):
    """A task: its steps in order. A stubborn one goes on when it is cancelled or fails, once."""
    for step in steps:
        try:
            world.note(me, step[0], repr(await perform(world, me, step)), VAR.get())
        except asyncio.CancelledError as error:
            world.note(me, step[0], describe(error), asyncio.current_task().cancelling())
            if not stubborn:
                raise
            stubborn = False
        except Exception as error:
            world.note(me, step[0], describe(error))
            if step[0] == "fail" and not stubborn:
                raise


async def run_program(program, reports):
    """The transcript of a program: [(steps, stubborn)] for each task.

    Messages for the exception handler go into `reports`: the collector decides when they come.
    """
    loop = asyncio.get_running_loop()
    world = World(loop)
    loop.set_exception_handler(lambda _, context: reports.append(context["message"]))
    world.tasks = [
        loop.create_task(run_steps(world, f"t{i}", steps, stubborn), name=f"t{i}")
        for i, (steps, stubborn) in enumerate(program)
    ]
    _, late = await asyncio.wait(world.tasks, timeout=LIMIT)
    for _ in range(3):
        for task in world.tasks:
            task.cancel()
        if late:
            _, late = await asyncio.wait(late, timeout=LIMIT)
    for task in world.tasks:
        state = "pending" if not task.done() else "cancelled" if task.cancelled() else "done"
        world.note(task.get_name(), state)
    others = asyncio.all_tasks() - {asyncio.current_task()}
    world.note("left", len(others))
    log = world.log.copy()  # what is left is cancelled in the order of a set
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    return log
