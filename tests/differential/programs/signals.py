"""Signal handlers, and what Ctrl-C does."""

import asyncio
import os
import signal
import threading
import time

from registry import program
from transcript import hops


def send(number=signal.SIGUSR1):
    os.kill(os.getpid(), number)


@program
def delivery(t):
    t.loop.add_signal_handler(signal.SIGUSR1, t, "handler", 1, "two")
    t.loop.call_soon(send)
    t.loop.call_later(0.05, t.loop.stop)
    t.loop.run_forever()
    t(t.loop.remove_signal_handler(signal.SIGUSR1), t.loop.remove_signal_handler(signal.SIGUSR1))
    t(signal.getsignal(signal.SIGUSR1) == signal.SIG_DFL)


@program
def wakes_a_sleeping_loop(t):
    t.loop.add_signal_handler(signal.SIGUSR1, lambda: (t("handler"), t.loop.stop()))
    threading.Timer(0.03, send).start()
    t.loop.run_forever()


@program
def sent_before_it_runs(t):
    t.loop.add_signal_handler(signal.SIGUSR1, t, "handler")
    send()
    t("not yet")
    t.loop.call_later(0.03, t.loop.stop)
    t.loop.run_forever()


@program
def several(t):
    numbers = [signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP]
    for number in numbers:
        t.loop.add_signal_handler(number, t, number.name)
    for number in numbers:
        send(number)
        t.loop.call_later(0.03, t.loop.stop)
        t.loop.run_forever()


@program
def replaced(t):
    t.loop.add_signal_handler(signal.SIGUSR1, t, "first")
    t.loop.add_signal_handler(signal.SIGUSR1, t, "second")
    send()
    t.loop.call_later(0.03, t.loop.stop)
    t.loop.run_forever()
    t(t.loop.remove_signal_handler(signal.SIGUSR1))


@program
def a_python_handler_before_is_not_put_back(t):
    signal.signal(signal.SIGUSR1, lambda *args: t("plain handler"))
    t.loop.add_signal_handler(signal.SIGUSR1, t, "loop's handler")
    t(t.loop.remove_signal_handler(signal.SIGUSR1))
    t(signal.getsignal(signal.SIGUSR1) == signal.SIG_DFL)
    t.loop.add_signal_handler(signal.SIGINT, t, "interrupt")
    t(t.loop.remove_signal_handler(signal.SIGINT))
    t(signal.getsignal(signal.SIGINT) == signal.default_int_handler)


@program
def errors(t):
    async def coroutine():
        pass

    for number in (-1, 0, 1000, "USR1", None, 1.5):
        t.plain("add", t.loop.add_signal_handler, number, print)
        t.plain("remove", t.loop.remove_signal_handler, number)
    for number in (signal.SIGKILL, signal.SIGSTOP):
        t.plain("add", t.loop.add_signal_handler, number, print)
        t.plain("remove", t.loop.remove_signal_handler, number)
    t.plain("a coroutine function", t.loop.add_signal_handler, signal.SIGUSR1, coroutine)
    coro = coroutine()
    t.plain("a coroutine", t.loop.add_signal_handler, signal.SIGUSR1, coro)
    coro.close()
    t.refusal("no callback", t.loop.add_signal_handler, signal.SIGUSR1)


@program
def outside_the_main_thread(t):
    def in_thread():
        t.plain("add", t.loop.add_signal_handler, signal.SIGUSR1, print)

    thread = threading.Thread(target=in_thread)
    thread.start()
    thread.join()


@program
def exceptions_in_a_handler(t):
    def bad():
        raise ValueError("from a signal handler")

    t.loop.add_signal_handler(signal.SIGUSR1, bad)
    send()
    t.loop.call_later(0.03, t.loop.stop)
    t.loop.run_forever()


@program
def tasks_and_signals(t):
    async def main():
        event = asyncio.Event()
        t.loop.add_signal_handler(signal.SIGUSR1, event.set)
        send()
        await event.wait()
        t("got it")
        t.loop.remove_signal_handler(signal.SIGUSR1)

    t.run(main())


@program
def plain_python_handlers(t):
    """signal.signal() beside the loop: seen soon, the loop goes on."""
    signal.signal(signal.SIGUSR1, lambda *args: t("plain handler"))
    t.loop.call_soon(send)
    t.loop.call_later(0.05, t.loop.stop)
    t.loop.run_forever()
    threading.Timer(0.03, send).start()
    t.loop.call_later(0.1, t.loop.stop)
    t.loop.run_forever()


@program
def a_plain_handler_that_schedules(t):
    signal.signal(signal.SIGUSR1, lambda *args: t.loop.call_soon_threadsafe(t.loop.stop))
    threading.Timer(0.03, send).start()
    t.loop.run_forever()
    t("stopped")


@program
def a_plain_handler_that_raises(t):
    def handler(*args):
        raise ValueError("from a plain handler")

    signal.signal(signal.SIGUSR1, handler)
    threading.Timer(0.03, send).start()
    t.loop.call_later(10, t.loop.stop)
    t.attempt("asleep", t.loop.run_forever)
    t(t.loop.is_running())
    t.run(hops(2))


@program
def interrupted_while_asleep(t):
    threading.Timer(0.03, send, (signal.SIGINT,)).start()
    t.loop.call_later(10, t.loop.stop)
    t.attempt("run_forever", t.loop.run_forever)
    t(t.loop.is_running(), asyncio._get_running_loop())
    t.run(hops(2))


@program
def interrupted_while_busy(t):
    """In a callback: KeyboardInterrupt comes out of it, and out of the loop."""

    def busy():
        send(signal.SIGINT)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            pass

    t.loop.call_soon(busy)
    t.loop.call_soon(t, "after: in the next run")
    t.attempt("run_forever", t.loop.run_forever)
    t(t.loop.is_running())
    t.spin()


@program
def interrupted_while_callbacks_keep_it_busy(t):
    calls = []

    def again():
        calls.append(1)
        t.loop.call_soon(again)

    t.loop.call_soon(again)
    threading.Timer(0.03, send, (signal.SIGINT,)).start()
    t.attempt("run_forever", t.loop.run_forever)
    t(len(calls) > 1, t.loop.is_running())


@program
def interrupted_in_a_task(t):
    async def main():
        send(signal.SIGINT)
        for _ in range(10**7):
            pass

    task = t.loop.create_task(main(), name="main")
    t.run(task)
    t(task)


@program
def interrupted_under_asyncio_run(t):
    """The main task is cancelled, may clean up, and KeyboardInterrupt comes out at last."""

    async def main():
        threading.Timer(0.03, send, (signal.SIGINT,)).start()
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError as exc:
            t("main", exc)
            await asyncio.sleep(0.001)
            t("cleaned up")
            raise

    with asyncio.Runner(loop_factory=t.loop_factory) as runner:
        t.attempt("run", runner.run, main())
        t(signal.getsignal(signal.SIGINT) == signal.default_int_handler)
        t.attempt("again", runner.run, hops(2))


@program
def interrupted_under_asyncio_run_while_busy(t):
    async def main():
        send(signal.SIGINT)
        for _ in range(1000):
            await asyncio.sleep(0)

    with asyncio.Runner(loop_factory=t.loop_factory) as runner:
        t.attempt("run", runner.run, main())


@program
def interrupted_twice_under_asyncio_run(t):
    async def main():
        threading.Timer(0.03, send, (signal.SIGINT,)).start()
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            t("refusing")
            threading.Timer(0.03, send, (signal.SIGINT,)).start()
            await asyncio.sleep(3600)

    runner = asyncio.Runner(loop_factory=t.loop_factory)
    t.attempt("run", runner.run, main())
    for task in asyncio.all_tasks(runner.get_loop()):
        t("left", task.cancelling())
    runner.close()


@program
def suppressed_under_asyncio_run(t):
    async def main():
        threading.Timer(0.03, send, (signal.SIGINT,)).start()
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            return "went on"

    with asyncio.Runner(loop_factory=t.loop_factory) as runner:
        t.attempt("run", runner.run, main())


@program
def the_wake_up_descriptor_is_put_back(t):
    reading, writing = os.pipe2(os.O_NONBLOCK)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    t.run(hops(2))
    now = signal.set_wakeup_fd(-1)
    t(now == writing)
    os.close(reading)
    os.close(writing)
