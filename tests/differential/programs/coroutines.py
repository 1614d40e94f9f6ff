"""asyncio's own coroutines looked at: what they are, what they say of themselves, what they wait
for, at each stage of their lives.
"""

import asyncio
import collections.abc
import copy
import gc
import inspect
import os
import pickle
import socket
import traceback
import types
import weakref

from registry import program


def place(frame):
    """The function that a frame is in, and its line."""
    if frame is None:
        return None
    code = frame.f_code
    return f"{os.path.basename(code.co_filename)}:{frame.f_lineno} {code.co_name}"


def chain(coroutine):
    """What a coroutine waits for, as far as cr_await leads."""
    seen = []
    while coroutine is not None and len(seen) < 20:
        name = getattr(coroutine, "__qualname__", None)
        if hasattr(coroutine, "cr_await"):
            seen.append(f"{name} {place(coroutine.cr_frame)} {coroutine.cr_code.co_name}")
            coroutine = coroutine.cr_await
        elif hasattr(coroutine, "gi_yieldfrom"):
            seen.append(f"{name} {place(coroutine.gi_frame)}")
            coroutine = coroutine.gi_yieldfrom
        else:
            seen.append("an iterator of a future" if hasattr(coroutine, "__next__") else "?")
            coroutine = None
    return seen


def stage(coroutine):
    return (
        inspect.getcoroutinestate(coroutine),
        place(coroutine.cr_frame),
        coroutine.cr_running,
        coroutine.cr_suspended,
        coroutine.cr_origin,
    )


async def leaf():
    await asyncio.get_running_loop().create_future()


class Waiting:
    """What is waited in: each attribute is a function that makes such a coroutine."""

    def __init__(self):
        self.lock = asyncio.Lock()
        self.semaphore = asyncio.Semaphore(0)
        self.event = asyncio.Event()
        self.condition = asyncio.Condition()
        self.barrier = asyncio.Barrier(2)
        self.empty, self.full = asyncio.Queue(), asyncio.Queue(1)
        self.full.put_nowait(1)
        self.sockets = socket.socketpair()
        for each in self.sockets:
            each.setblocking(False)

    async def set_up(self):
        await self.lock.acquire()
        await self.condition.acquire()

    def close(self):
        for each in self.sockets:
            each.close()

    def all(self):
        loop = asyncio.get_running_loop()
        future = loop.create_future
        return {
            "sleep": lambda: asyncio.sleep(50),
            "sleep(0)": lambda: asyncio.sleep(0),
            "wait": lambda: asyncio.wait([future()]),
            "wait, timeout": lambda: asyncio.wait([future()], timeout=50),
            "wait_for": lambda: asyncio.wait_for(future(), 50),
            "wait_for, no timeout": lambda: asyncio.wait_for(future(), None),
            "wait_for a coroutine": lambda: asyncio.wait_for(leaf(), None),
            "as_completed": lambda: next(iter(asyncio.as_completed([future()]))),
            "lock": self.lock.acquire,
            "lock, entered": self.lock.__aenter__,
            "semaphore": self.semaphore.acquire,
            "semaphore, entered": self.semaphore.__aenter__,
            "event": self.event.wait,
            "condition": self.condition.wait,
            "condition, entered": self.condition.__aenter__,
            "predicate": lambda: self.condition.wait_for(lambda: False),
            "barrier": self.barrier.wait,
            "barrier, entered": asyncio.Barrier(2).__aenter__,
            "get": self.empty.get,
            "put": lambda: self.full.put(2),
            "join": self.full.join,
            "read": lambda: asyncio.StreamReader().read(5),
            "read all": lambda: asyncio.StreamReader().read(),
            "readexactly": lambda: asyncio.StreamReader().readexactly(5),
            "readuntil": lambda: asyncio.StreamReader().readuntil(b"x"),
            "readline": lambda: asyncio.StreamReader().readline(),
            "next line": lambda: asyncio.StreamReader().__anext__(),
            "sock_recv": lambda: loop.sock_recv(self.sockets[0], 10),
            "sock_recv_into": lambda: loop.sock_recv_into(self.sockets[1], bytearray(5)),
        }


async def cancelled(task):
    task.cancel()
    try:
        await task
    except asyncio.CancelledError as exc:
        return exc


async def each_waiting(visit):
    waiting = Waiting()
    await waiting.set_up()
    for name, make in waiting.all().items():
        if name in ("condition", "predicate") and not waiting.condition.locked():
            await waiting.condition.acquire()
        await visit(name, make())
    waiting.close()


async def holder(coroutine):
    return await coroutine


@program
def what_they_are(t):
    async def visit(name, coroutine):
        t(
            name,
            coroutine.__name__,
            coroutine.__qualname__,
            inspect.iscoroutine(coroutine),
            inspect.isawaitable(coroutine),
            asyncio.iscoroutine(coroutine),
            isinstance(coroutine, types.CoroutineType),
            isinstance(coroutine, collections.abc.Coroutine),
            coroutine.__class__ is types.CoroutineType,
            os.path.basename(coroutine.cr_code.co_filename),
            coroutine.cr_code.co_firstlineno,
            coroutine.cr_code.co_qualname,
            repr(coroutine).partition(" at ")[0],
        )
        coroutine.close()

    t.run(each_waiting(visit))


@program
def stages_of_their_lives(t):
    async def visit(name, coroutine):
        t(name, stage(coroutine), coroutine.cr_await)
        task = asyncio.ensure_future(coroutine)
        await asyncio.sleep(0)
        t(stage(coroutine))
        await cancelled(task)
        t(stage(coroutine), coroutine.cr_await)

    t.run(each_waiting(visit))


@program
def what_they_wait_for(t):
    async def visit(name, coroutine):
        task = asyncio.ensure_future(holder(coroutine))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        if name == "sleep(0)":
            return await task
        t(name, chain(task.get_coro()))
        await cancelled(task)

    t.run(each_waiting(visit))


@program
def sleeping_for_no_time(t):
    coroutine = asyncio.sleep(0)
    coroutine.send(None)
    t(stage(coroutine), chain(coroutine))
    t.plain("again", coroutine.send, None)
    t(stage(coroutine))


@program
def reprs_of_their_tasks(t):
    async def visit(name, coroutine):
        if name.startswith("sock"):  # asyncio's future has a callback, which ours does without
            return coroutine.close()
        task = asyncio.ensure_future(coroutine)
        t(name, task)
        await asyncio.sleep(0)
        t(task)
        await cancelled(task)
        t(task)

    t.run(each_waiting(visit))


@program
def stacks_of_their_tasks(t):
    async def visit(name, coroutine):
        task = asyncio.ensure_future(coroutine)
        await asyncio.sleep(0)
        t(name, [place(frame) for frame in task.get_stack()])
        await cancelled(task)

    t.run(each_waiting(visit))


@program(since=(3, 14))
def call_graphs(t):
    async def visit(name, coroutine):
        task = asyncio.ensure_future(holder(coroutine))
        await asyncio.sleep(0)
        graph = asyncio.capture_call_graph(task)
        t(name, [place(entry.frame) for entry in (graph.call_stack if graph else ())])
        await cancelled(task)

    t.run(each_waiting(visit))


@program
def frames_are_looked_at(t):
    async def visit(name, coroutine):
        task = asyncio.ensure_future(coroutine)
        await asyncio.sleep(0)
        frame = coroutine.cr_frame
        if frame is not None:
            t(name, frame.f_back, frame.f_globals["__name__"], frame.f_code.co_name, frame.f_trace)
            t(traceback.extract_stack(frame, 1)[0].line)
            dict(frame.f_locals), frame.f_builtins, frame.f_lasti, repr(frame)
        await cancelled(task)
        if frame is not None:
            frame.clear()

    t.run(each_waiting(visit))


@program
def where_they_were_made(t):
    async def main():
        t.loop.set_debug(True)
        t.loop._set_coroutine_origin_tracking(True)
        waiting = Waiting()
        await waiting.set_up()
        for name, make in waiting.all().items():
            if name == "wait_for a coroutine":
                continue
            coroutine = make()
            origin = coroutine.cr_origin
            t(name, origin and [(os.path.basename(file), line) for file, line, _ in origin[:1]])
            coroutine.close()
        t.loop._set_coroutine_origin_tracking(False)
        t.loop.set_debug(False)
        waiting.close()

    t.run(main())


@program
def copied(t):
    async def visit(name, coroutine):
        for copying in copy.copy, copy.deepcopy, pickle.dumps:
            t.attempt(name, copying, coroutine)
        coroutine.close()

    t.run(each_waiting(visit))


@program
def weakly_referenced(t):
    registry = weakref.WeakKeyDictionary()

    async def visit(name, coroutine):
        registry[coroutine] = name
        seen = weakref.ref(coroutine, lambda gone: t(name, "gone"))
        t(name, seen() is coroutine, registry[coroutine], weakref.getweakrefcount(coroutine))
        task = asyncio.ensure_future(coroutine)
        await asyncio.sleep(0)
        t(seen() is task.get_coro())
        await cancelled(task)
        del coroutine, task
        gc.collect()
        t(seen(), len(registry))

    t.run(each_waiting(visit))


@program
def weakly_referenced_and_never_awaited(t):
    async def main():
        for coroutine in asyncio.sleep(1), asyncio.Lock().acquire(), asyncio.wait_for(leaf(), 1):
            seen = weakref.ref(coroutine, lambda gone: t("gone"))
            coroutine = None
            t(seen())

    t.run(main())


@program
def never_awaited(t):
    async def main():
        for coroutine in asyncio.sleep(1), asyncio.Lock().acquire(), asyncio.wait_for(leaf(), 1):
            repr(coroutine)
            coroutine = None

    t.run(main())
