"""Signals that come at awkward moments, and others who use signals beside the loop."""

import asyncio
import contextvars
import os
import random
import signal
import threading
import time
import warnings

from registry import program
from transcript import hops

USR1, USR2, INT = signal.SIGUSR1, signal.SIGUSR2, signal.SIGINT


def settle(t, iterations=4):
    """Let everything that has come be called."""
    for _ in range(iterations):
        t.loop.call_later(0.001, t.loop.stop)
        t.loop.run_forever()


def iterate(loop, left):
    """Run the loop for so many iterations, however long they take."""

    def hop(left):
        loop.call_soon(hop, left - 1) if left > 1 else loop.stop()

    loop.call_soon(hop, left)
    loop.run_forever()


def wakeup_fd():
    """The wake-up descriptor in use, left as it is."""
    fd = signal.set_wakeup_fd(-1)
    if fd != -1:
        signal.set_wakeup_fd(fd)
    return fd


def whose(t, *others):
    """Whose the wake-up descriptor is."""
    fd = wakeup_fd()
    known = {-1: "nobody's", **{number: name for name, number in others}}
    return known.get(fd, "the loop's")


@program
def several_while_a_callback_blocks(t):
    for number, times in ((USR1, 4), (INT, 2), (signal.SIGRTMIN, 3), (signal.SIGTERM, 5)):
        calls = []

        def block(number=number, times=times):
            for _ in range(times):
                signal.raise_signal(number)

        t.loop.add_signal_handler(number, calls.append, "called")
        t.loop.call_soon(block)
        settle(t)
        t(int(number) if number < 32 else "real-time", calls)
        t.loop.remove_signal_handler(number)


@program
def several_from_another_process(t):
    """They merge in the kernel while the loop does not run Python code, as everywhere."""
    calls = []
    t.loop.add_signal_handler(USR1, calls.append, "called")
    with warnings.catch_warnings():
        # Newer releases warn of fork() where there are threads, and name the process.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        for _ in range(3):
            os.kill(os.getppid(), USR1)
            time.sleep(0.02)
        os._exit(0)
    deadline = time.monotonic() + 10
    while len(calls) < 3 and time.monotonic() < deadline:
        settle(t)
    os.waitpid(pid, 0)
    t(calls)


@program
def the_order_of_several_kinds(t):
    for number in (USR1, USR2, signal.SIGHUP):
        t.loop.add_signal_handler(number, t, signal.Signals(number).name)

    def block():
        for number in (USR2, USR1, USR2, signal.SIGHUP, USR1):
            signal.raise_signal(number)

    t.loop.call_soon(block)
    t.loop.call_soon(t, "a callback behind")
    settle(t)


@program
def iterations_until_the_handler_runs(t):
    """In a loop that is busy, as it comes to rest, and with timers beside."""

    async def main(before):
        seen = []
        t.loop.add_signal_handler(USR1, seen.append, 1)
        await hops(before)
        signal.raise_signal(USR1)
        count = 0
        while not seen:
            await asyncio.sleep(0)
            count += 1
        return count

    for before in (0, 1, 5, 20, 100):
        t(before, t.loop.run_until_complete(main(before)))


@program
def signal_signal_afterwards(t):
    t.loop.add_signal_handler(USR1, t, "loop")
    signal.signal(USR1, lambda number, frame: t("plain"))
    t.loop.call_soon(signal.raise_signal, USR1)
    settle(t)
    t(t.loop.remove_signal_handler(USR1), signal.getsignal(USR1) == signal.SIG_DFL)


@program
def ignored_afterwards(t):
    for action in (signal.SIG_IGN, signal.default_int_handler):
        t.loop.add_signal_handler(USR1, t, "loop")
        signal.signal(USR1, action)
        t.loop.call_soon(signal.raise_signal, USR1)
        t.attempt("run", settle, t)
        settle(t)
        t.loop.remove_signal_handler(USR1)


@program
def one_that_came_before_removal_is_dropped(t):
    t.loop.add_signal_handler(USR1, t, "first")
    signal.raise_signal(USR1)
    t(t.loop.remove_signal_handler(USR1))
    settle(t)
    t.loop.add_signal_handler(USR1, t, "old")
    signal.raise_signal(USR1)
    t.loop.add_signal_handler(USR1, t, "new")
    settle(t)


@program
def removed_by_the_first_of_two(t):
    def handler():
        t("called", t.loop.remove_signal_handler(USR1))

    t.loop.add_signal_handler(USR1, handler)
    t.loop.add_signal_handler(USR2, t, "kept")
    for number in (USR1, USR2, USR1):
        signal.raise_signal(number)
    settle(t)


@program
def a_cancelled_handle_removes_its_handler(t):
    t.loop.add_signal_handler(USR1, t, "handler")
    t.loop._signal_handlers[USR1].cancel()
    signal.raise_signal(USR1)
    settle(t)
    t(list(t.loop._signal_handlers), signal.getsignal(USR1) == signal.SIG_DFL)


@program
def cancelled_between_signal_and_call(t):
    t.loop.add_signal_handler(USR1, t, "handler")

    def block():
        signal.raise_signal(USR1)
        t.loop.call_soon(t.loop.call_soon, t.loop._signal_handlers[USR1].cancel)

    t.loop.call_soon(block)
    settle(t)
    t(list(t.loop._signal_handlers))


@program
def the_wake_up_descriptor(t):
    """Set when a handler is added, unset when the last is removed, and otherwise left alone."""
    t("made", whose(t))
    t.loop.call_soon(lambda: t("running", whose(t)))
    settle(t)
    t.loop.add_signal_handler(USR1, t, "1")
    t.loop.add_signal_handler(USR2, t, "2")
    t("added", whose(t))
    settle(t)
    t("after a run", whose(t))
    t.loop.remove_signal_handler(USR1)
    t("one removed", whose(t))
    t.loop.remove_signal_handler(USR2)
    t("removed", whose(t))
    t.loop.add_signal_handler(USR1, t, "1")
    t.loop.close()
    t("closed", whose(t), signal.getsignal(USR1) == signal.SIG_DFL)


@program
def a_wake_up_descriptor_of_the_program(t):
    reading, writing = os.pipe2(os.O_NONBLOCK)
    mine = ("the program's", writing)

    def came():
        try:
            return list(os.read(reading, 100))
        except BlockingIOError:
            return []

    signal.signal(USR2, lambda *args: t("plain"))
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    settle(t)
    t("before the run", whose(t, mine))
    signal.raise_signal(USR2)
    settle(t)
    t(came())
    signal.set_wakeup_fd(-1)
    t.loop.call_soon(lambda: t("returned", signal.set_wakeup_fd(writing)))
    t.loop.call_soon(signal.raise_signal, USR2)
    settle(t)
    t("set during a run", whose(t, mine), came())
    t.loop.add_signal_handler(USR1, t, "handler")
    t("handler added", whose(t, mine))
    signal.raise_signal(USR1)
    t(came())
    settle(t)
    signal.set_wakeup_fd(writing)
    signal.raise_signal(USR1)
    settle(t)
    t("set while there are handlers", whose(t, mine), came())
    t.loop.remove_signal_handler(USR1)
    t("handler removed", whose(t, mine))
    signal.set_wakeup_fd(writing)
    t.loop.close()
    t("closed", whose(t, mine))
    signal.set_wakeup_fd(-1)
    os.close(reading)
    os.close(writing)


@program
def a_buffer_that_is_full(t):
    """Numbers that find no room are lost, and said to be."""
    calls = []
    t.loop.add_signal_handler(USR1, calls.append, 1)
    for _ in range(1000):
        signal.raise_signal(USR1)
    settle(t)
    t(len(calls))
    signal.raise_signal(USR1)
    settle(t)
    t(len(calls))


@program
def two_loops_by_turns(t):
    one, other = t.loop, t.new_loop()
    one.add_signal_handler(USR1, t, "one")
    other.add_signal_handler(USR2, t, "other")

    def run(loop):
        for _ in range(3):
            loop.call_later(0.001, loop.stop)
            loop.run_forever()

    for number in (USR1, USR2):
        signal.raise_signal(number)
        for loop in (one, other):
            run(loop)
    t("one removed", one.remove_signal_handler(USR1), whose(t))
    signal.raise_signal(USR2)
    run(other)
    one.add_signal_handler(USR1, t, "one again")
    other.close()
    t("other closed", whose(t), signal.getsignal(USR2) == signal.SIG_DFL)
    signal.raise_signal(USR1)
    run(one)


@program
def a_loop_within_a_handler(t):
    def handler():
        inner = asyncio.new_event_loop()
        asyncio._set_running_loop(None)
        inner.add_signal_handler(USR2, t, "inner")
        signal.raise_signal(USR2)
        inner.call_later(0.005, inner.stop)
        inner.run_forever()
        inner.close()
        t("inner closed", whose(t))

    t.loop.add_signal_handler(USR1, handler)
    signal.raise_signal(USR1)
    settle(t)
    signal.raise_signal(USR1)
    settle(t)
    t.loop.remove_signal_handler(USR1)


@program
def blocked_signals(t):
    # Sent to this very thread: one that waits for a hang, and has just begun, might take them.
    me = threading.get_ident()
    t.loop.add_signal_handler(USR1, t, "handler")
    signal.pthread_sigmask(signal.SIG_BLOCK, [USR1])
    signal.pthread_kill(me, USR1)
    signal.pthread_kill(me, USR1)
    settle(t)
    t(sorted(signal.sigpending()) == [USR1])
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [USR1])
    settle(t)
    signal.pthread_sigmask(signal.SIG_BLOCK, [USR1])
    signal.pthread_kill(me, USR1)
    t.loop.add_signal_handler(USR1, t, "next")
    t.loop.close()
    signal.signal(USR1, lambda *args: t("plain, after close"))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [USR1])


@program
def pending_when_the_loop_is_closed(t):
    t.loop.add_signal_handler(USR1, t, "handler")
    signal.raise_signal(USR1)
    t.loop.close()
    t.plain("add", t.loop.add_signal_handler, USR1, print)
    t.plain("remove", t.loop.remove_signal_handler, USR1)
    t(t.loop._signal_handlers)


@program
def what_ends_a_run(t):
    for kind in (KeyboardInterrupt, SystemExit, ValueError, asyncio.CancelledError):

        def handler(kind=kind):
            raise kind("from the handler")

        t.loop.add_signal_handler(USR1, handler)
        signal.raise_signal(USR1)
        t.attempt(kind.__name__, settle, t)
        t.attempt("go on", settle, t)


@program
def the_context_of_a_handler(t):
    name = contextvars.ContextVar("name", default="none")

    async def main():
        name.set("main")
        t.loop.add_signal_handler(USR1, lambda: (t("in", name.get()), name.set("changed")))
        name.set("later")
        for _ in range(2):
            signal.raise_signal(USR1)
            await asyncio.sleep(0.002)
        t("outside", name.get())

    t.run(main())


@program
def slow_in_debug_mode(t):
    t.loop.set_debug(True)
    t.loop.slow_callback_duration = 0.01

    def slow():
        time.sleep(0.02)

    t.loop.add_signal_handler(USR1, slow)
    signal.raise_signal(USR1)
    settle(t)


@program
def from_other_threads(t):
    def run(what, *args):
        thread = threading.Thread(target=t.plain, args=("thread:", what, *args))
        thread.start()
        thread.join()

    t.loop.add_signal_handler(USR2, t, "handler")
    run(t.loop.add_signal_handler, USR1, print)
    t(list(map(int, t.loop._signal_handlers)) == [USR2], whose(t))
    run(t.loop.remove_signal_handler, USR1)
    run(signal.pthread_kill, threading.main_thread().ident, USR2)
    settle(t)


@program
def of_a_loop_in_another_thread(t):
    loop = t.new_loop()
    called = threading.Event()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    loop.add_signal_handler(USR1, called.set)
    signal.raise_signal(USR1)
    t(called.wait(10))
    loop.call_soon_threadsafe(loop.stop)
    thread.join()


@program
def children_and_sigchld(t):
    calls = []
    t.loop.add_signal_handler(signal.SIGCHLD, calls.append, 1)

    async def main():
        process = await asyncio.create_subprocess_exec("true")
        t(await process.wait())
        for _ in range(1000):
            if calls:
                break
            await asyncio.sleep(0.001)
        t(bool(calls))

    t.run(main())
    t.loop.remove_signal_handler(signal.SIGCHLD)


@program
def system_calls_go_on(t):
    """siginterrupt(sig, False): a read() that a handled signal meets is not interrupted."""
    reading, writing = os.pipe()
    t.loop.add_signal_handler(USR1, t, "handler")
    threading.Timer(0.02, signal.pthread_kill, (threading.get_ident(), USR1)).start()
    threading.Timer(0.06, os.write, (writing, b"x")).start()
    t(os.read(reading, 1))
    settle(t)
    os.close(reading)
    os.close(writing)


@program
def callables_that_are_refused(t):
    async def coroutine():
        pass

    class Callable:
        async def __call__(self):
            pass

    for what in (coroutine, Callable().__call__, Callable(), None, 5):
        t.plain("add", t.loop.add_signal_handler, USR1, what)
        t(len(t.loop._signal_handlers))
        signal.signal(USR1, signal.SIG_IGN)
        signal.raise_signal(USR1)
        t.attempt("run", settle, t)


@program
def numbers_of_every_kind(t):
    for number in (True, 10, signal.SIGUSR1, 64, 65, 32, 33, -1, 2**40, "10", None):
        t.plain("add", t.loop.add_signal_handler, number, print)
        t.plain("remove", t.loop.remove_signal_handler, number)


@program
def random_histories(t):
    """Handlers come and go, signals come, callbacks block, others use the descriptor."""
    for seed in range(120):
        dice = random.Random(seed)
        loop, log = t.new_loop(), []
        reading, writing = os.pipe2(os.O_NONBLOCK)
        loops = [loop, t.new_loop()]
        signal.signal(USR1, signal.SIG_IGN)
        signal.signal(USR2, signal.SIG_IGN)

        def act(step, dice=dice, loops=loops, log=log, writing=writing):
            loop = dice.choice(loops)
            number = dice.choice([USR1, USR2])
            what = dice.choice(["add", "remove", "raise", "raise", "raise", "plain", "fd", "none"])
            log.append((step, what, loops.index(loop), int(number)))
            if what == "add":
                loop.add_signal_handler(number, log.append, f"handler of step {step}")
            elif what == "remove":
                log.append(loop.remove_signal_handler(number))
            elif what == "raise":
                if signal.getsignal(number) == signal.SIG_DFL:
                    log.append("would end the process")
                    return
                for _ in range(dice.randint(1, 3)):
                    signal.raise_signal(number)
            elif what == "plain":
                signal.signal(number, lambda *args: log.append(f"plain {step}"))
            elif what == "fd":
                log.append(signal.set_wakeup_fd(writing) == writing)
            else:
                log.append(signal.set_wakeup_fd(-1) == writing)

        for step in range(dice.randint(3, 10)):
            running = dice.choice(loops)
            for part in range(dice.randint(1, 3)):
                running.call_soon(act, f"{step}.{part}")
            iterate(running, 6)
            log.append(whose(t, ("the program's", writing)))
        for each in loops:
            each.close()
        log.append(whose(t, ("the program's", writing)))
        signal.set_wakeup_fd(-1)
        os.close(reading)
        os.close(writing)
        t(seed, log)
