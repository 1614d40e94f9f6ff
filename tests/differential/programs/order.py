"""The order in which call_soon() and its like run callbacks."""

import contextvars
import functools
import threading

from registry import program


@program
def first_in_first_out(t):
    for number in range(20):
        t.loop.call_soon(t, "callback", number)
    t.spin()


@program
def what_a_callback_schedules_runs_in_the_next_iteration(t):
    def callback(name, depth):
        t(name, depth)
        if depth:
            t.loop.call_soon(callback, name + "a", depth - 1)
            t.loop.call_soon(callback, name + "b", depth - 1)

    t.loop.call_soon(callback, "x", 3)
    t.loop.call_soon(callback, "y", 2)
    for iteration in range(5):
        t("iteration", iteration)
        t.spin()


@program
def arguments(t):
    t.loop.call_soon(t)
    t.loop.call_soon(t, "one")
    t.loop.call_soon(t, "two", 2, None, (), {})
    t.loop.call_soon(functools.partial(t, "partial", 1), 2)
    t.loop.call_soon(lambda *args: t("args", args), *range(30))
    t.spin()


@program
def argument_errors(t):
    t.refusal("no callback", t.loop.call_soon)
    t.refusal("unknown keyword", t.loop.call_soon, print, colour=1)
    t.attempt("context by position is an argument", lambda: t.loop.call_soon(t, "ctx", None))
    t.refusal("later needs a delay", t.loop.call_later)
    t.refusal("later needs a callback", t.loop.call_later, 1)
    t.refusal("at needs a callback", t.loop.call_at, 1)
    t.refusal("threadsafe needs a callback", t.loop.call_soon_threadsafe)
    t.spin()


@program
def kinds_of_callable(t):
    class Callable:
        def __call__(self, *args):
            t("instance", *args)

        def method(self, *args):
            t("method", *args)

        @classmethod
        def of_class(cls, *args):
            t("classmethod", *args)

    lines = []
    t.loop.call_soon(Callable(), 1)
    t.loop.call_soon(Callable().method, 2)
    t.loop.call_soon(Callable.of_class, 3)
    t.loop.call_soon(lines.append, 4)
    t.loop.call_soon(Callable)
    t.spin()
    t(lines)


@program
def cancelled_handles_are_skipped(t):
    handles = [t.loop.call_soon(t, "callback", number) for number in range(6)]
    for handle in handles[::2]:
        t("cancel", handle.cancel(), handle.cancelled())
    handles[1].cancel()
    handles[1].cancel()
    t.spin()
    t([handle.cancelled() for handle in handles])
    handles[3].cancel()
    t("after it ran", handles[3].cancelled())


@program
def a_callback_cancels_a_later_one_of_the_same_iteration(t):
    t.loop.call_soon(t, "first")
    t.loop.call_soon(lambda: later.cancel())
    later = t.loop.call_soon(t, "never")
    t.loop.call_soon(t, "last")
    t.spin()


@program
def a_callback_cancels_itself(t):
    def callback():
        handle.cancel()
        t("cancelled while running", handle.cancelled(), handle)

    handle = t.loop.call_soon(callback)
    t.spin()


@program
def from_its_own_thread_threadsafe_keeps_the_order(t):
    t.loop.call_soon(t, "soon 1")
    t.loop.call_soon_threadsafe(t, "threadsafe 1")
    t.loop.call_soon(t, "soon 2")
    t.loop.call_soon_threadsafe(t, "threadsafe 2")
    t.spin()

    def callback():
        t.loop.call_soon(t, "soon 3")
        t.loop.call_soon_threadsafe(t, "threadsafe 3")
        t.loop.call_soon(t, "soon 4")
        t("scheduled")

    t.loop.call_soon(callback)
    t.spin()
    t("next")
    t.spin()


@program
def threadsafe_from_another_thread(t):
    def other():
        for number in range(50):
            t.loop.call_soon_threadsafe(lines.append, number)
        t.loop.call_soon_threadsafe(t.loop.stop)

    lines = []
    thread = threading.Thread(target=other)
    t.loop.call_soon(thread.start)
    t.loop.run_forever()
    thread.join()
    t(lines == list(range(50)))


@program
def threadsafe_wakes_a_sleeping_loop(t):
    """The loop has nothing to do for an hour, but for what comes from the thread."""
    timer = t.loop.call_later(3600, t, "never")
    threading.Timer(0.05, t.loop.call_soon_threadsafe, (t.loop.stop,)).start()
    t.loop.run_forever()
    t("woken")
    timer.cancel()


@program
def threadsafe_before_the_loop_runs(t):
    t.loop.call_soon(t, "soon")
    thread = threading.Thread(target=t.loop.call_soon_threadsafe, args=(t, "threadsafe"))
    thread.start()
    thread.join()
    t.loop.call_soon(t, "soon after")
    t.spin()


@program
def callbacks_stay_between_runs(t):
    t.loop.call_soon(t, "before the first run")
    t.spin()
    t("between")
    t.loop.call_soon(t, "before the second")
    t.loop.call_soon(t.loop.call_soon, t, "before the third")
    t.spin()
    t("between")
    t.spin()


@program
def contexts_of_callbacks(t):
    var = contextvars.ContextVar("var", default="unset")

    def callback(value):
        t("sees", var.get())
        var.set(value)

    t.loop.call_soon(callback, "one")
    t.loop.call_soon(callback, "two")
    var.set("set outside")
    t.loop.call_soon(callback, "three")
    mine = contextvars.copy_context()
    t.loop.call_soon(callback, "four", context=mine)
    t.loop.call_soon(callback, "five", context=mine)
    t.loop.call_soon_threadsafe(callback, "six", context=mine)
    t.loop.call_later(0, callback, "seven", context=mine)
    t.loop.call_at(0, callback, "eight", context=mine)
    t.spin(3)
    t("mine", mine[var], "outside", var.get())
    t.attempt("None", t.loop.call_soon, callback, "nine", context=None)
    t.spin()
    t("outside", var.get())


@program
def contexts_of_nested_callbacks(t):
    var = contextvars.ContextVar("var", default=0)

    def callback(depth):
        t("depth", depth, "sees", var.get())
        var.set(var.get() + 1)
        if depth:
            t.loop.call_soon(callback, depth - 1)
        t("then", var.get())

    t.loop.call_soon(callback, 3)
    t.spin(5)
    t("outside", var.get())


@program
def not_a_context(t):
    t.attempt("a number", t.loop.call_soon, t, "called", context=7)
    t.spin()


@program
def handles_hold_what_they_were_given(t):
    context = contextvars.copy_context()
    handle = t.loop.call_soon(t, "ran", 1, context=context)
    t(handle._callback is t, handle._args, handle._context is context, handle._loop is t.loop)
    if hasattr(handle, "get_context"):  # Python 3.12 and newer
        t(handle.get_context() is context)
    handle.cancel()
    t(handle._callback, handle._args, handle._cancelled)
    t.spin()


@program
def an_exception_does_not_stop_the_others(t):
    def bad():
        raise ValueError("from a callback")

    t.loop.call_soon(t, "before")
    t.loop.call_soon(bad)
    t.loop.call_soon(t, "after")
    t.spin()


@program
def handles_can_be_run_by_hand(t):
    def bad():
        raise ValueError("bad")

    for callback in (t.log("by hand"), bad):
        handle = t.loop.call_soon(callback)
        t.attempt("_run", handle._run)
        handle.cancel()
    t.spin()
