"""The loop's own scheduling: call_soon, timers, stop, descriptors, signals, contexts."""

import asyncio
import contextvars
import functools
import os
import signal
import threading


def order_of_call_soon(log, loop):
    def first():
        log("first")
        loop.call_soon(log, "nested")

    loop.call_soon(first)
    loop.call_soon(log, "second", 2, None)
    loop.call_soon_threadsafe(log, "threadsafe from the own thread, before the run")
    loop.call_soon(log, "third")
    loop.call_soon(lambda: loop.call_soon(loop.stop))
    loop.run_forever()


def threadsafe_within_a_callback(log, loop):
    def callback():
        loop.call_soon(log, "soon")
        loop.call_soon_threadsafe(log, "threadsafe")
        loop.call_soon(log, "soon again")
        loop.call_soon(loop.stop)

    loop.call_soon(callback)
    loop.run_forever()


def threadsafe_from_another_thread(log, loop):
    def other():
        for i in range(3):
            loop.call_soon_threadsafe(log, "from the thread", i)
        loop.call_soon_threadsafe(loop.stop)

    thread = threading.Thread(target=other)
    loop.call_soon(thread.start)
    loop.run_forever()
    thread.join()


def cancelled_callbacks_do_not_run(log, loop):
    soon = loop.call_soon(log, "never")
    later = loop.call_later(0.001, log, "never")
    soon.cancel()
    later.cancel()
    log(soon.cancelled(), later.cancelled(), soon, later)
    loop.call_later(0.01, loop.stop)
    loop.run_forever()


def timers_with_equal_and_near_deadlines(log, loop):
    now = loop.time()
    loop.call_at(now + 0.03, log, "third")
    loop.call_at(now + 0.01, log, "first, one")
    loop.call_at(now + 0.01, log, "first, two")
    loop.call_at(now + 0.02, log, "second")
    loop.call_at(now + 0.04, loop.stop)
    loop.run_forever()


def timers_due_at_once_run_in_order_of_deadline(log, loop):
    now = loop.time()
    for i in (5, 3, 4, 1, 2):
        loop.call_at(now - i, log, "due", i)
    loop.call_soon(log, "soon comes first")
    loop.call_later(0, log, "later 0")
    loop.call_later(0.005, loop.stop)
    loop.run_forever()


def handles(log, loop):
    handle = loop.call_later(100, log, "x")
    other = loop.call_at(handle.when() + 1, log, "y")
    log(handle < other, handle <= other, handle == other, handle > other, handle >= other)
    log(isinstance(handle, asyncio.TimerHandle), isinstance(handle, asyncio.Handle))
    log(repr(loop.call_soon(functools.partial(log, 1), "a")).split(" at ")[0])
    log(hash(handle) == hash(handle.when()))
    handle.cancel()
    other.cancel()


def bad_delays(log, loop):
    for delay in (None, "1", object()):
        with log.errors(TypeError):
            loop.call_later(delay, log)
    with log.errors(TypeError):
        loop.call_at(None, log)
    with log.errors(TypeError):
        loop.call_soon()
    with log.errors(TypeError):
        loop.call_soon(log, wrong=1)
    loop.call_later(-1, log, "negative")
    loop.call_later(1e30, log, "never")
    loop.call_later(float("inf"), log, "never")
    loop.call_later(0.005, loop.stop)
    loop.run_forever()


def stop_inside_callbacks(log, loop):
    loop.call_soon(log, "one")
    loop.call_soon(loop.stop)
    loop.call_soon(log, "two: already scheduled, so it runs")
    loop.call_soon(lambda: loop.call_soon(log, "three: in the next run"))
    loop.run_forever()
    log("stopped", loop.is_running())
    loop.call_soon(loop.stop)
    loop.run_forever()


def stop_before_the_run(log, loop):
    loop.call_soon(log, "one")
    loop.stop()
    loop.run_forever()
    loop.stop()
    loop.stop()
    loop.run_forever()
    log("ran once each")


def nested_runs(log, loop):
    async def inner():
        with log.errors(RuntimeError):
            loop.run_forever()
        coroutine = asyncio.sleep(0)
        with log.errors(RuntimeError):
            loop.run_until_complete(coroutine)
        coroutine.close()
        other = type(loop)() if "Loop" in type(loop).__name__ else None
        with log.errors(RuntimeError):
            other.run_forever()
        other.close()
        with log.errors(RuntimeError):
            loop.close()

    loop.run_until_complete(inner())
    log("still usable", loop.run_until_complete(asyncio.sleep(0, "yes")))


def run_until_complete_that_is_stopped(log, loop):
    future = loop.create_future()
    loop.call_soon(loop.stop)
    with log.errors(RuntimeError):
        loop.run_until_complete(future)
    future.cancel()


def closed_loop(log, loop):
    loop.call_soon(log, "dropped")
    loop.call_later(0, log, "dropped")
    loop.close()
    loop.close()
    log(loop.is_closed(), loop.is_running(), loop)
    for method, args in [
        ("call_soon", (log,)),
        ("call_soon_threadsafe", (log,)),
        ("call_later", (1, log)),
        ("call_at", (1, log)),
        ("run_forever", ()),
        ("run_in_executor", (None, log)),
        ("add_signal_handler", (signal.SIGUSR1, log)),
    ]:
        with log.errors():
            getattr(loop, method)(*args)
    coroutine = asyncio.sleep(0)
    with log.errors():
        loop.create_task(coroutine)
    with log.errors():
        loop.run_until_complete(coroutine)
    coroutine.close()
    with log.errors():
        loop.create_future().set_result(1)


def contexts_of_callbacks(log, loop):
    var = contextvars.ContextVar("var", default="default")
    special = contextvars.copy_context()
    special.run(var.set, "special")

    def show(name):
        log(name, var.get())
        var.set(name)

    var.set("outer")
    loop.call_soon(show, "copy")
    loop.call_soon(show, "given", context=special)
    loop.call_later(0, show, "timer, given", context=special)
    loop.call_later(0.005, loop.stop)
    loop.run_forever()
    log(var.get(), special[var])


def descriptors(log, loop):
    r, w = os.pipe()
    try:

        def readable():
            log("readable", os.read(r, 10))
            log(loop.remove_reader(r), loop.remove_reader(r))
            loop.stop()

        loop.add_reader(r, log, "replaced")
        loop.add_reader(r, readable)
        loop.add_writer(w, lambda: (log("writable", loop.remove_writer(w)), os.write(w, b"data")))
        loop.run_forever()
        for bad in (-1, "x", object(), None):
            with log.errors():
                loop.add_reader(bad, log)
        with open(os.devnull) as null, log.errors(OSError):
            loop.add_reader(null, log)
        log(loop.remove_reader(10_000))
    finally:
        os.close(r)
        os.close(w)


def signals(log, loop):
    def on_signal(name):
        log("signal", name)
        loop.call_soon(loop.stop)

    loop.add_signal_handler(signal.SIGUSR1, on_signal, "one")
    loop.call_soon(os.kill, os.getpid(), signal.SIGUSR1)
    loop.run_forever()
    log(loop.remove_signal_handler(signal.SIGUSR1), loop.remove_signal_handler(signal.SIGUSR1))
    for bad in (10_000, "x", signal.SIGKILL, 0):
        with log.errors(ValueError, TypeError, RuntimeError):
            loop.add_signal_handler(bad, log)


def interrupt(log, loop):
    loop.call_soon(os.kill, os.getpid(), signal.SIGINT)
    loop.call_later(5, log, "too late")
    with log.errors(KeyboardInterrupt):
        loop.run_forever()
    log(loop.run_until_complete(asyncio.sleep(0, "usable")))


def executor(log, loop):
    async def main():
        log(await loop.run_in_executor(None, "{}-{}".format, 1, 2))
        with log.errors(ZeroDivisionError):
            await loop.run_in_executor(None, divmod, 1, 0)
        with log.errors(TypeError):
            loop.set_default_executor(object())
        await loop.shutdown_default_executor()
        with log.errors(RuntimeError):
            loop.run_in_executor(None, log)

    loop.run_until_complete(main())


def asynchronous_generators(log, loop):
    async def numbers():
        try:
            yield 1
            yield 2
        finally:
            log("closed")

    async def main():
        async for i in numbers():
            log(i)
            break
        await asyncio.sleep(0)
        kept = numbers()
        log(await kept.__anext__())
        await loop.shutdown_asyncgens()

    loop.run_until_complete(main())
