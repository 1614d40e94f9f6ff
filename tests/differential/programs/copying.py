"""Copies and pickles of primitives, queues, groups and timeouts, and what refuses to be copied."""

import asyncio
import copy
import pickle

from registry import program

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


def filled(queue):
    queue.put_nowait(2)
    queue.put_nowait(1)
    return queue


def changed(made, name, value):
    setattr(made, name, value)
    return made


def idle():
    """New ones and used ones that nobody waits for, by what they are."""
    is_set = asyncio.Event()
    is_set.set()
    return {
        "Lock": asyncio.Lock(),
        "Lock that is held": changed(asyncio.Lock(), "_locked", True),
        "Event": asyncio.Event(),
        "Event that is set": is_set,
        "Condition": asyncio.Condition(),
        "Condition of a lock": asyncio.Condition(asyncio.Lock()),
        "Semaphore": asyncio.Semaphore(3),
        "Semaphore that was taken": changed(asyncio.Semaphore(3), "_value", 2),
        "BoundedSemaphore": asyncio.BoundedSemaphore(2),
        "Queue": filled(asyncio.Queue(5)),
        "LifoQueue": filled(asyncio.LifoQueue()),
        "PriorityQueue": filled(asyncio.PriorityQueue()),
        "Barrier": asyncio.Barrier(2),
        "TaskGroup": asyncio.TaskGroup(),
        "Timeout": asyncio.Timeout(5),
        "Timeout without end": asyncio.Timeout(None),
        "with attributes": changed(asyncio.Lock(), "of_its_own", [1]),
    }


class KeepsItself(asyncio.Queue):
    """As programs have it: what `__dict__` says, and something more."""

    def __init__(self):
        super().__init__(3)
        self.notes = ["a"]

    def __getstate__(self):
        return {**self.__dict__.copy(), "kept": True}


class GivesBack(asyncio.Event):
    def __getstate__(self):
        return dict(vars(self))

    def __setstate__(self, state):
        self.__dict__ = state
        self.given_back = True


class Restores(asyncio.Semaphore):
    def __setstate__(self, state):
        self.__dict__.update(state)


class Slotted(asyncio.Lock):
    __slots__ = ("extra",)


class Reduces(asyncio.Lock):
    def __reduce__(self):
        return Reduces, ()


def subclasses():
    return {
        "KeepsItself": filled(KeepsItself()),
        "GivesBack": GivesBack(),
        "Restores": Restores(7),
        "Slotted": changed(Slotted(), "extra", 1),
        "Reduces": changed(Reduces(), "lost", 1),
    }


def slots_of(made):
    return {name: getattr(made, name) for name in copy.copyreg._slotnames(type(made))}


def describe(made):
    if isinstance(made, asyncio.Queue):
        taken = []
        while not made.empty():
            taken.append(made.get_nowait())
        return [type(made).__qualname__, vars(made), taken]
    return [type(made).__qualname__, vars(made), slots_of(made)]


@program
def copies(t):
    for name, made in (idle() | subclasses()).items():
        t(name, describe(copy.deepcopy(made)))
        shallow = copy.copy(made)
        t("shallow", describe(shallow), vars(shallow).keys() == vars(made).keys())
        t("shared", [key for key in vars(made) if vars(shallow).get(key) is vars(made)[key]])


@program
def pickles(t):
    for name, made in (idle() | subclasses()).items():
        for protocol in PROTOCOLS:
            data = pickle.dumps(made, protocol)
            if protocol > 1:
                t(name, protocol, data)
            t(name, protocol, describe(pickle.loads(data)))
        t(made.__getstate__() if hasattr(object, "__getstate__") else "no __getstate__()")
        t(made.__reduce_ex__(4))


@program
def copies_go_on(t):
    """A copy works, by itself."""

    async def main():
        lock = copy.deepcopy(asyncio.Lock())
        async with lock:
            t(lock.locked(), copy.deepcopy(lock).locked())
        queue = pickle.loads(pickle.dumps(filled(asyncio.Queue(3))))
        await queue.put(0)
        blocked = asyncio.ensure_future(queue.put(9))
        await asyncio.sleep(0)
        t([await queue.get() for _ in range(4)], blocked.done())
        for _ in range(4):
            queue.task_done()
        await queue.join()
        t.plain("once more", queue.task_done)
        semaphore = copy.copy(asyncio.BoundedSemaphore(2))
        async with semaphore, semaphore:
            t(semaphore.locked(), semaphore._value)
        t.plain("released too often", semaphore.release)
        condition = copy.deepcopy(asyncio.Condition())
        async with condition:
            t(condition.locked(), condition._lock.locked())
            condition.notify_all()
        barrier = copy.copy(asyncio.Barrier(2))
        t(sorted(await asyncio.gather(barrier.wait(), barrier.wait())))
        async with copy.copy(asyncio.TaskGroup()) as group:
            group.create_task(asyncio.sleep(0))
        try:
            async with copy.deepcopy(asyncio.timeout(0)):
                await asyncio.sleep(1)
        except TimeoutError:
            t("timed out")

    t.run(main())


@program
def copies_of_what_is_in_use(t):
    """Futures refuse, and so does what they wait in; a shallow copy shares them."""

    async def main():
        lock = asyncio.Lock()
        await lock.acquire()
        waiting = asyncio.ensure_future(lock.acquire())
        await asyncio.sleep(0)
        shallow = copy.copy(lock)
        t(shallow._waiters is lock._waiters, shallow._loop is lock._loop, list(vars(shallow)))
        for protocol in PROTOCOLS:
            t.refusal("pickled", pickle.dumps, lock, protocol)
        t.refusal("copied deeply", copy.deepcopy, lock)
        lock.release()
        await waiting
        group = asyncio.TaskGroup()
        async with group:
            group.create_task(asyncio.sleep(0))
            t(copy.copy(group)._tasks is group._tasks)
        limit = asyncio.timeout(10)
        async with limit:
            shallow = copy.copy(limit)
            t(shallow.when() == limit.when(), shallow._task is limit._task)
        t(limit, shallow)

    t.run(main())


@program
def refusals(t):
    async def main():
        loop = asyncio.get_running_loop()
        makers = {
            "future": loop.create_future(),
            "task": asyncio.current_task(),
            "gather": asyncio.gather(loop.create_future()),
            "shield": asyncio.shield(loop.create_future()),
        }
        for name, made in makers.items():
            for way in (copy.copy, copy.deepcopy, pickle.dumps):
                # asyncio's _GatheringFuture is a Python class: its copy is one that nobody filled.
                if name != "gather" or way is not copy.copy:
                    t.refusal(name, way, made)

    t.run(main())


@program
def copied_stream_reader(t):
    async def main():
        reader = asyncio.StreamReader()
        twin = copy.copy(reader)
        twin.feed_data(b"abc")
        t(bytes(reader._buffer), twin, twin.__dict__.keys() == reader.__dict__.keys())
        t(await twin.read(2), sorted(vars(twin)))

    t.run(main())


@program
def by_name(t):
    for made in (
        asyncio.sleep,
        asyncio.gather,
        asyncio.wait_for,
        asyncio.Lock.acquire,
        asyncio.Queue.put_nowait,
        asyncio.Task,
        asyncio.Future,
        asyncio.Queue,
        asyncio.StreamReader.read,
    ):
        for protocol in PROTOCOLS[4:]:
            t(made.__qualname__, pickle.loads(pickle.dumps(made, protocol)) is made)
        t(copy.copy(made) is made, copy.deepcopy(made) is made)
    lock = asyncio.Lock()
    again = pickle.loads(pickle.dumps({"lock": lock, "acquire": lock.acquire}))
    t(again["acquire"].__self__ is again["lock"])


@program
def attributes(t):
    """vars() and `__dict__`, and what is written there."""
    for name, made in idle().items():
        t(name, vars(made), made.__dict__ == vars(made))
    lock = asyncio.Lock()
    lock.__dict__["_locked"] = True
    lock.__dict__.update(extra=1, more=2)
    t(lock.locked(), lock.extra, vars(lock))
    t(lock.__dict__.pop("extra"), hasattr(lock, "extra"), lock.__dict__.setdefault("more", 3))
    lock.__dict__ |= {"_locked": False}
    t(lock.locked(), "_locked" in vars(lock), len(vars(lock)))
    event = asyncio.Event()
    event.__dict__ = {"_value": True, "_waiters": event._waiters, "other": 5}
    t(event.is_set(), event.other, sorted(vars(event)))
    t.refusal("missing", event.__dict__.pop, "missing")
    del event.__dict__["other"]
    t(hasattr(event, "other"), [name for name in dir(event) if name == "other"])
