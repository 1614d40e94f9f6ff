"""One hostile program, made up from a seed: `hostile.py --seed N --steps M [--only I,J,…]`.

A pool of objects (loops, tasks, futures, handles, primitives, streams, transports, coroutines, and
everything that is found through them) is kept. Each step takes one of them and does something that
no sane program does: calls a method with odd arguments or another `self`, assigns to or deletes an
attribute or a slot, initialises it again, makes one without initialising it, changes a container
that the garbage collector hands out, sends into and closes coroutines, lets the loop run, collects.
Odd objects run code of their own in the middle (`__eq__`, `__bool__`, `__index__`, `__del__`, …),
which takes a step, too.

Nothing that is raised matters. What matters is that the interpreter survives; a crash is found by
whoever runs this in a process. Each step is a choice of its own generator, made from the seed and
the step's number, so that leaving steps out changes nothing about the others: a failing program can
be shrunk by `--only`. The steps are written to standard error before they are taken (`--trace`).
"""

import argparse
import asyncio
import collections
import faulthandler
import gc
import inspect
import io
import logging
import os
import random
import signal
import socket
import sys
import threading
import warnings
import weakref

from odd import NOT_CALLED, ODD_NAMES, SKIPPED_TYPES, Hostile, HostileProtocol, HostileTuple


class Program:
    """The pool, and the steps."""

    KEPT = 150

    def __init__(self, options):
        self.options = options
        self.only = set(options.only) if options.only else None
        self.pool = collections.deque(maxlen=self.KEPT)
        self.depth = 0
        self.ended = False  # what is left are finalizers, while the interpreter ends
        self.step = 0
        self.random = self.inner_random = random.Random(options.seed)
        self.inner_steps = 0
        self.pair = socket.socketpair()
        self.sockets = [*self.pair]
        self.loops = []
        for one in self.pair:
            one.setblocking(False)

    # --- choosing -----------------------------------------------------------------------------

    def keep(self, one):
        if not isinstance(one, SKIPPED_TYPES):
            self.pool.append(one)
        return one

    def any(self):
        return self.random.choice(self.pool) if self.pool else None

    def some(self, most):
        return [self.any() for _ in range(self.random.randrange(most + 1))]

    def odd(self):
        """Something that nobody expects in its place."""
        rng = self.random
        return rng.choice(
            (
                lambda: None,
                lambda: rng.choice((0, 1, -1, 3, 2**31, 2**63, 2**70, -(2**70))),
                lambda: rng.choice((0.0, 0.001, -1.5, float("nan"), float("inf"), 1e300)),
                lambda: rng.choice((b"", b"data", bytearray(b"data"), memoryview(b"data"), "text")),
                lambda: self.some(3),
                lambda: tuple(self.some(3)),
                lambda: HostileTuple(self.some(2)),
                lambda: {1: self.any()},
                lambda: collections.deque(self.some(3)),
                lambda: Hostile(self),
                lambda: HostileProtocol(self),
                lambda: self.any(),
                lambda: self.any(),
                lambda: self.any(),
                lambda: self.coroutine(),
                lambda: object.__new__(object),
                lambda: lambda *_, **__: self.inner(),
                lambda: iter(self.some(3)),
                lambda: self.generator(),
                lambda: ValueError("odd"),
                lambda: rng.choice((ValueError, asyncio.CancelledError, StopIteration, KeyError)),
                lambda: type(self.any()),
                lambda: rng.choice((True, False)),
                lambda: rng.choice(self.sockets),
            )
        )()

    def coroutine(self):
        async def inner():
            self.inner()
            await asyncio.sleep(0)
            self.inner()
            return 1

        return inner()

    def generator(self):
        self.inner()
        yield self.any()
        self.inner()

    def inner(self):
        """A step within a step, a few levels deep."""
        if self.depth >= 3 or self.inner_steps >= 400:
            return
        self.depth += 1
        self.inner_steps += 1
        outer = self.random
        try:
            self.act()
        except Exception:
            pass
        finally:
            self.random = outer
            self.depth -= 1

    # --- acting -------------------------------------------------------------------------------

    def act(self):
        rng = self.random
        action = rng.choices(
            (
                self.call_method,
                self.set_attribute,
                self.delete_attribute,
                self.initialise_again,
                self.make_bare,
                self.make,
                self.change_container,
                self.look,
                self.drive_coroutine,
                self.run_loop,
                self.collect,
                self.call_unbound,
                self.set_class,
                self.use_function,
            ),
            (20, 14, 4, 5, 4, 18, 8, 6, 8, 12, 3, 5, 2, 8),
        )[0]
        action()

    def note(self, *what):
        if self.options.trace:
            text = " ".join(w if isinstance(w, str) else type(w).__name__ for w in what)
            print(f"{self.step}{'.' * self.depth} {text}", file=sys.stderr, flush=True)

    def arguments(self, most=4):
        return [self.odd() for _ in range(self.random.randrange(most))]

    def names_of(self, one):
        return [name for name in dir(type(one)) if name not in NOT_CALLED]

    def call_method(self):
        one = self.any()
        if isinstance(one, SKIPPED_TYPES):
            return
        names = self.names_of(one)
        if not names:
            return
        name = self.random.choice(names)
        if name in ("__class__", "__init_subclass__", "__del__", "__setattr__", "__delattr__"):
            return
        if name in ("__getattribute__", "__dir__", "__sizeof__", "__reduce_ex__"):
            return
        attribute = getattr(one, name, None)
        if not callable(attribute) or isinstance(attribute, type):
            return
        self.note("call", one, name)
        self.keep(attribute(*self.arguments()))

    def call_unbound(self):
        one = self.any()
        names = self.names_of(one)
        if not names or type(one).__module__ == "builtins":
            return
        name = self.random.choice(names)
        attribute = inspect.getattr_static(type(one), name, None)
        self.note("unbound", one, name)
        if hasattr(attribute, "__set__") and self.random.random() < 0.5:
            attribute.__set__(self.odd(), self.odd())
        elif hasattr(attribute, "__get__") and self.random.random() < 0.5:
            self.keep(attribute.__get__(self.odd(), type(one)))
        elif callable(attribute) and not name.startswith("__"):
            self.keep(attribute(*self.arguments(5)))

    def attribute_of(self, one):
        names = [n for n in dir(type(one)) if not n.startswith("__")]
        names += [n for n in ODD_NAMES if hasattr(one, n)]
        names += list(getattr(one, "__dict__", None) or ())
        names = [n for n in names if isinstance(n, str)]
        return self.random.choice(names) if names else None

    def set_attribute(self):
        one = self.any()
        name = self.attribute_of(one)
        if name is None or isinstance(one, SKIPPED_TYPES):
            return
        self.note("set", one, name)
        setattr(one, name, self.odd())

    def delete_attribute(self):
        one = self.any()
        name = self.attribute_of(one)
        if name is None or isinstance(one, SKIPPED_TYPES):
            return
        self.note("delete", one, name)
        delattr(one, name)

    def initialise_again(self):
        one = self.any()
        if isinstance(one, SKIPPED_TYPES) or isinstance(one, threading.Thread):
            return
        self.note("init", one)
        one.__init__(*self.arguments())

    def make_bare(self):
        kind = type(self.any())
        if kind.__module__ == "builtins":
            return
        self.note("new", kind.__name__)
        how = self.random.random()
        if how < 0.6:
            self.keep(kind.__new__(kind))
        elif how < 0.8:
            self.keep(object.__new__(kind))
        else:
            self.keep(type(kind.__name__, (kind,), {"__slots__": ()})(*self.arguments()))

    def set_class(self):
        one, other = self.any(), self.any()
        if isinstance(one, SKIPPED_TYPES):
            return
        self.note("class", one, other)
        one.__class__ = type(other)

    def change_container(self):
        # A threading.local() trusts its dictionary of dictionaries: CPython itself crashes without.
        owners = [one for one in self.some(4) if not isinstance(one, threading.local)]
        found = [
            one
            for one in gc.get_referents(*owners)
            if type(one) in (list, set, dict, collections.deque) and len(one) < 50
        ]
        found += [o for o in self.pool if type(o) in (list, set, dict, collections.deque)]
        if not found:
            return
        one = self.random.choice(found)
        if isinstance(one, dict) and ("__name__" in one or "__module__" in one):
            return
        self.note("container", one)
        how = self.random.randrange(4)
        if how == 0:
            one.clear()
        elif how == 1 and isinstance(one, (list, collections.deque)):
            one.append(self.odd())
        elif how == 2 and isinstance(one, (list, collections.deque)) and one:
            one[0] = self.odd()
        elif one:
            one.pop()

    def look(self):
        """Into an object: what it refers to joins the pool."""
        one = self.any()
        self.note("look", one)
        if self.random.random() < 0.3:
            repr(one)
            hash(one)
        referents = [
            r
            for r in gc.get_referents(one)
            if not isinstance(r, (*SKIPPED_TYPES, str, bytes, int, float, dict, tuple, Program))
            and type(r).__name__ not in ("builtin_function_or_method", "getset_descriptor")
        ]
        for found in referents[:5]:
            if not isinstance(found, (threading.Thread, io.IOBase, logging.Logger)):
                self.keep(found)
        name = self.attribute_of(one)
        if name is not None and name not in NOT_CALLED:
            found = getattr(one, name, None)
            if type(found).__module__.startswith(("asyncio", "_asyncio", "phaseloop", "coll")):
                self.keep(found)

    def drive_coroutine(self):
        found = [o for o in self.pool if hasattr(o, "send") and not isinstance(o, socket.socket)]
        if not found:
            return
        one = self.random.choice(found)
        self.note("drive", one)
        how = self.random.randrange(5)
        if how == 0:
            self.keep(one.send(None))
        elif how == 1:
            one.throw(self.random.choice((ValueError("thrown"), asyncio.CancelledError())))
        elif how == 2:
            one.close()
        elif how == 3:
            self.keep(one.__await__())
        else:
            self.keep(next(one))

    def loop(self):
        """A loop that is there, or a new one."""
        if len(self.loops) < 2 or self.random.random() < 0.02:
            made = asyncio.new_event_loop()
            made.set_exception_handler(lambda *_: None)
            made.slow_callback_duration = 100
            self.loops.append(made)
            self.keep(made)
        return self.random.choice(self.loops[-2:])

    def run_loop(self):
        if self.ended or asyncio._get_running_loop() is not None:
            return
        loop = self.loop()
        self.note("run", loop)
        if loop.is_closed():
            self.loops.remove(loop)
            return

        async def main():
            for _ in range(self.random.randrange(1, 6)):
                if self.random.random() < 0.5:
                    self.inner()
                await asyncio.sleep(self.random.choice((0, 0, 0, 0.001)))

        # Whatever a hostile step has done to call_soon(): this ends the run.
        timer = threading.Timer(5, lambda: signal.pthread_kill(MAIN, signal.SIGALRM))
        timer.daemon = True
        timer.start()
        try:
            loop.run_until_complete(main())
        finally:
            timer.cancel()

    def collect(self):
        self.note("collect")
        for _ in range(self.random.randrange(20)):
            if self.pool:
                self.pool.popleft()
        gc.collect()

    # --- making things --------------------------------------------------------------------------

    def make(self):
        rng, loop = self.random, self.loop()
        self.note("make")
        made = rng.choice(
            (
                lambda: loop.create_future(),
                lambda: asyncio.Future(loop=loop),
                lambda: asyncio.Task(self.coroutine(), loop=loop),
                lambda: loop.create_task(self.coroutine()),
                lambda: loop.call_soon(Hostile(self), self.odd()),
                lambda: loop.call_later(rng.choice((0, 0.001)), Hostile(self), self.odd()),
                lambda: loop.call_soon_threadsafe(Hostile(self)),
                lambda: asyncio.Lock(),
                lambda: asyncio.Event(),
                lambda: asyncio.Condition(),
                lambda: asyncio.Semaphore(rng.randrange(2)),
                lambda: asyncio.BoundedSemaphore(1),
                lambda: asyncio.Barrier(2),
                lambda: asyncio.Queue(rng.randrange(3)),
                lambda: asyncio.LifoQueue(1),
                lambda: asyncio.PriorityQueue(),
                lambda: asyncio.TaskGroup(),
                lambda: asyncio.timeout(rng.choice((0, 0.001, 1))),
                lambda: asyncio.StreamReader(loop=loop),
                lambda: asyncio.StreamReaderProtocol(asyncio.StreamReader(loop=loop), loop=loop),
                lambda: self.transport(loop),
                lambda: self.transport(loop),
                lambda: self.datagrams(loop),
                lambda: self.served(loop),
                lambda: self.awaitable(),
                lambda: self.awaitable(),
                lambda: self.awaitable(),
                lambda: loop.create_task(self.combined(loop)),
                lambda: loop.create_task(self.combined(loop)),
                lambda: loop.create_task(self.primitives()),
                lambda: loop.create_task(self.primitives()),
                lambda: weakref.ref(self.any(), lambda _: self.inner()),
            )
        )()
        self.keep(made)

    def awaitable(self):
        rng = self.random
        return rng.choice(
            (
                lambda: asyncio.sleep(rng.choice((0, 0.001)), self.odd()),
                lambda: asyncio.wait_for(self.odd(), rng.choice((None, 0, 0.001))),
                lambda: asyncio.wait(self.some(3), timeout=0.001),
                lambda: asyncio.gather(*self.some(3)),
                lambda: asyncio.shield(self.odd()),
                lambda: asyncio.as_completed(self.some(3)),
                lambda: asyncio.Lock().acquire(),
                lambda: asyncio.Queue().get(),
                lambda: asyncio.StreamReader(loop=self.loop()).readline(),
            )
        )()

    async def combined(self, loop):
        """A combinator at work, on things that others change meanwhile."""
        rng = self.random
        futures = [
            rng.choice((loop.create_future, lambda: loop.create_task(self.coroutine())))()
            for _ in range(3)
        ]
        for one in futures:
            self.keep(one)
        made = rng.choice(
            (
                lambda: asyncio.gather(*futures, return_exceptions=True),
                lambda: asyncio.wait(futures, timeout=0.002),
                lambda: asyncio.wait_for(futures[0], 0.002),
                lambda: asyncio.shield(futures[0]),
                lambda: next(iter(asyncio.as_completed(futures, timeout=0.002))),
                lambda: asyncio.sleep(0.001),
                lambda: futures[0],
                lambda: self.grouped(),
                lambda: self.timed(),
            )
        )()
        self.keep(made)
        try:
            return await made
        finally:
            self.inner()

    async def grouped(self):
        async with asyncio.TaskGroup() as group:
            self.keep(group)
            self.keep(group.create_task(self.coroutine()))
            self.inner()

    async def timed(self):
        async with asyncio.timeout(0.001) as timeout:
            self.keep(timeout)
            self.inner()
            await asyncio.sleep(0.002)

    async def primitives(self):
        """Somebody waits for a primitive."""
        rng = self.random
        made = rng.choice(
            (
                asyncio.Lock,
                asyncio.Event,
                asyncio.Condition,
                lambda: asyncio.Semaphore(0),
                asyncio.Queue,
                asyncio.PriorityQueue,
                lambda: asyncio.Barrier(2),
            )
        )()
        self.keep(made)
        for name in ("acquire", "wait", "get", "join"):
            method = getattr(made, name, None)
            if method is not None and rng.random() < 0.7:
                coroutine = method()
                self.keep(coroutine)
                await asyncio.wait_for(coroutine, 0.001)
        self.inner()

    def connected(self):
        here, there = socket.socketpair()
        for one in (here, there):
            one.setblocking(False)
        self.sockets = [*self.pair, there]
        there.send(b"hostile\n")
        return here

    def transport(self, loop):
        make = self.random.choice(
            (
                lambda: HostileProtocol(self),
                asyncio.Protocol,
                lambda: asyncio.StreamReaderProtocol(asyncio.StreamReader(loop=loop), loop=loop),
            )
        )
        return loop.create_task(loop.create_connection(make, sock=self.connected()))

    def datagrams(self, loop):
        here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        here.setblocking(False)
        self.sockets = [*self.pair, there]
        there.send(b"hostile")
        make = self.random.choice((asyncio.DatagramProtocol, lambda: HostileProtocol(self)))
        return loop.create_task(loop.create_datagram_endpoint(make, sock=here))

    def served(self, loop):
        async def serve():
            server = await loop.create_server(lambda: HostileProtocol(self), "127.0.0.1", 0)
            self.keep(server)
            peer = socket.create_connection(server.sockets[0].getsockname())
            peer.send(b"hostile\n")
            await asyncio.sleep(0)
            self.inner()
            await asyncio.sleep(0)
            server.close()
            peer.close()

        return loop.create_task(serve())

    def use_function(self):
        module = self.random.choice(self.modules)
        names = [n for n, v in vars(module).items() if callable(v) and n not in NOT_CALLED]
        name = self.random.choice(names)
        if name == "function" or not names:
            return
        self.note("function", module.__name__, name)
        self.keep(getattr(module, name)(*self.arguments()))

    # --- the whole ------------------------------------------------------------------------------

    def run(self):
        for step in range(self.options.steps):
            self.step = step
            if self.only is not None and self.step not in self.only:
                continue
            self.random = random.Random(f"{self.options.seed}/{self.step}")
            self.inner_random = random.Random(f"{self.options.seed}/{self.step}/inner")
            self.inner_steps = 0
            try:
                self.act()
            except (Exception, asyncio.CancelledError):
                continue
            except KeyboardInterrupt:
                continue
        self.note("end")
        self.ended = True
        self.inner_steps = 0


MAIN = threading.get_ident()


def interrupted(*_):
    raise KeyboardInterrupt


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--only", type=lambda text: [int(n) for n in text.split(",")])
    parser.add_argument("--trace", action="store_true")
    parser.add_argument("--stock", action="store_true", help="asyncio's own")
    options = parser.parse_args()
    faulthandler.enable()
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    sys.unraisablehook = lambda _: None
    signal.signal(signal.SIGALRM, interrupted)
    gc.set_threshold(200, 5, 5)
    Program.modules = [asyncio]
    if not options.stock:
        import phaseloop

        phaseloop.install()
        Program.modules = [asyncio, phaseloop, phaseloop._native]
    if not options.trace:
        sys.stdout = sys.stderr = open(os.devnull, "w")
    Program(options).run()


if __name__ == "__main__":
    main()
