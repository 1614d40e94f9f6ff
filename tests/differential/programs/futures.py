"""Futures: results, callbacks and their order, misuse."""

import asyncio
import contextvars

from registry import program


@program
def states_and_results(t):
    future = t.loop.create_future()
    t(future.done(), future.cancelled())
    t.attempt("result", future.result)
    t.attempt("exception", future.exception)
    t.attempt("set_result", future.set_result, 42)
    t(future.done(), future.cancelled(), future.result(), future.exception())
    t.attempt("again", future.set_result, 43)
    t.attempt("exception after result", future.set_exception, ValueError())
    t("cancel", future.cancel(), future.cancelled())
    t(future.result(), future.get_loop() is t.loop)


@program
def exceptions_and_cancellation(t):
    future = t.loop.create_future()
    t.attempt("set_exception", future.set_exception, ValueError("value"))
    t.attempt("result", future.result)
    t.attempt("result again", future.result)
    t("exception", future.exception(), future.done(), future.cancelled())
    t.attempt("set_result", future.set_result, 1)
    t("cancel", future.cancel())
    future = t.loop.create_future()
    t("cancel", future.cancel("why"), future.cancel("again"), future.done(), future.cancelled())
    t.attempt("result", future.result)
    t.attempt("exception", future.exception)
    t.attempt("result again", future.result)
    t.attempt("set_result", future.set_result, 1)
    t.attempt("set_exception", future.set_exception, ValueError())


@program
def what_set_exception_takes(t):
    for exc in (ValueError, ValueError("instance"), StopIteration, StopIteration(7),
                KeyboardInterrupt, asyncio.CancelledError, "text", None, int):  # fmt: skip
        future = t.loop.create_future()
        t.attempt("set_exception", future.set_exception, exc)
        if future.done():
            t("cancelled", future.cancelled(), "exception", future.exception())
            t.attempt("result", future.result)
        else:
            future.cancel()


@program
def an_exception_class_whose_constructor_fails(t):
    class Picky(Exception):
        def __init__(self, required):
            super().__init__(required)

    class Lying(Exception):
        def __new__(cls):
            return 42

    for cls in (Picky, Lying):
        future = t.loop.create_future()
        t.attempt(cls.__name__, future.set_exception, cls)
        t(future.done())
        future.cancel()


@program
def callbacks_in_order(t):
    future = t.loop.create_future()
    for number in range(5):
        t("returns", future.add_done_callback(t.log("callback", number)))
    future.set_result("r")
    t("none of them yet")
    t.spin()


@program
def callbacks_are_called_soon_each_by_itself(t):
    """Each is scheduled of its own, between what was and what comes to be scheduled."""
    future = t.loop.create_future()
    future.add_done_callback(lambda f: (t("first"), t.loop.call_soon(t, "from the first")))
    future.add_done_callback(lambda f: (t("second"), t.loop.call_soon(t, "from the second")))
    t.loop.call_soon(t, "before")
    future.set_result(None)
    t.loop.call_soon(t, "after")
    t.spin()
    t("next")
    t.spin()


@program
def callbacks_added_when_done(t):
    future = t.loop.create_future()
    future.set_result(1)
    future.add_done_callback(t.log("one"))
    t.loop.call_soon(t, "soon")
    future.add_done_callback(t.log("two"))
    t("not called at once")
    t.spin()


@program
def callbacks_added_while_they_run(t):
    future = t.loop.create_future()

    def adding(f):
        t("adding")
        future.add_done_callback(t.log("added meanwhile"))

    future.add_done_callback(adding)
    future.add_done_callback(t.log("second"))
    future.set_result(1)
    for iteration in range(3):
        t("iteration", iteration)
        t.spin()


@program
def duplicates_and_removal(t):
    future = t.loop.create_future()
    one, two = t.log("one"), t.log("two")
    for callback in (one, two, one, one, two):
        future.add_done_callback(callback)
    t("removed", future.remove_done_callback(one))
    t("removed", future.remove_done_callback(one))
    t("removed", future.remove_done_callback(print))
    future.add_done_callback(one)
    future.set_result(None)
    t("removed when done", future.remove_done_callback(one), future.remove_done_callback(two))
    t.spin()


@program
def removal_by_equality(t):
    class Equal:
        def __init__(self, name):
            self.name = name

        def __eq__(self, other):
            return isinstance(other, Equal)

        def __hash__(self):
            return 1

        def __call__(self, future):
            t("called", self.name)

    future = t.loop.create_future()
    for name in ("a", "b"):
        future.add_done_callback(Equal(name))
    future.add_done_callback(t.log("other"))
    t("removed", future.remove_done_callback(Equal("c")))
    future.set_result(None)
    t.spin()


@program
def bound_methods_are_equal(t):
    class Listener:
        def heard(self, future):
            t("heard", future.result())

    listener, future = Listener(), t.loop.create_future()
    future.add_done_callback(listener.heard)
    future.add_done_callback(listener.heard)
    t("removed", future.remove_done_callback(listener.heard))
    future.add_done_callback(listener.heard)
    future.set_result("said")
    t.spin()


@program
def a_callback_removes_another(t):
    """All are scheduled already when the first runs."""
    future = t.loop.create_future()
    second = t.log("second")
    future.add_done_callback(lambda f: t("removed", future.remove_done_callback(second)))
    future.add_done_callback(second)
    future.set_result(None)
    t.spin()


@program
def exceptions_in_callbacks(t):
    future = t.loop.create_future()

    def bad(f):
        raise ValueError("from a done callback")

    future.add_done_callback(t.log("before"))
    future.add_done_callback(bad)
    future.add_done_callback(t.log("after"))
    future.set_result(None)
    t.spin()


@program
def a_callback_that_does_not_take_the_future(t):
    future = t.loop.create_future()
    future.add_done_callback(lambda: t("never"))
    future.set_result(None)
    t.spin()


@program
def contexts_of_callbacks(t):
    var = contextvars.ContextVar("var", default="unset")
    future = t.loop.create_future()
    mine = contextvars.copy_context()
    mine.run(var.set, "mine")

    def callback(f):
        t("sees", var.get())
        var.set("changed by a callback")

    future.add_done_callback(callback)
    var.set("later")
    future.add_done_callback(callback)
    future.add_done_callback(callback, context=mine)
    future.add_done_callback(callback, context=mine)
    var.set("when done")
    future.set_result(None)
    t.spin()
    future.add_done_callback(callback)
    future.add_done_callback(callback, context=mine)
    t.spin()
    t("outside", var.get(), "mine", mine[var])


@program
def argument_errors(t):
    future = t.loop.create_future()
    t.refusal("add nothing", future.add_done_callback)
    t.refusal("context by position", future.add_done_callback, print, None)
    t.refusal("set_result of nothing", future.set_result)
    t.refusal("set_result of two", future.set_result, 1, 2)
    t.refusal("cancel of two", future.cancel, 1, 2)
    t.refusal("Future of a loop by position", asyncio.Future, t.loop)
    t.refusal("Future of an unknown keyword", asyncio.Future, colour=1)
    t.attempt("msg by keyword", future.cancel, msg="by keyword")
    t.attempt("result", future.result)


@program
def something_else_than_a_callable(t):
    future = t.loop.create_future()
    t.attempt("add", future.add_done_callback, 42)
    future.set_result(None)
    t.spin()


@program
def awaiting_futures(t):
    async def main():
        future = t.loop.create_future()
        future.set_result("done before")
        t(await future, await future)
        future = t.loop.create_future()
        t.loop.call_soon(future.set_result, "done meanwhile")
        t(await future)
        for bad in (ValueError("v"), ValueError, KeyError("k")):
            future = t.loop.create_future()
            t.loop.call_soon(future.set_exception, bad)
            try:
                await future
            except Exception as exc:
                t("caught", exc)
            try:
                await future
            except Exception as exc:
                t("again", exc)

    t.run(main())


@program
def awaiting_values_that_look_like_others(t):
    """Results that StopIteration would take apart or take for an exception."""

    async def main():
        for value in (
            (1, 2),
            (),
            ValueError("not raised"),
            StopIteration(3),
            None,
            [1],
            ValueError,
        ):
            future = t.loop.create_future()
            future.set_result(value)
            t(await future)
            future = t.loop.create_future()
            t.loop.call_soon(future.set_result, value)
            t(await future)

    t.run(main())


@program
def the_iterator(t):
    future = t.loop.create_future()
    iterator = iter(future)
    t(iter(iterator) is iterator)
    t(next(iterator) is future, future._asyncio_future_blocking)
    t.attempt("next while blocking", next, iterator)
    future.set_result("result")
    try:
        next(iterator)
    except StopIteration as stop:
        t("stopped with", stop.value)
    t.refusal("exhausted", next, iterator)
    iterator = iter(t.loop.create_future())
    t.attempt("send", iterator.send, None)
    iterator = iter(t.loop.create_future())
    t.attempt("throw", iterator.throw, ValueError("thrown"))
    t.attempt("throw a class", iterator.throw, KeyError)
    t.attempt("close", iterator.close)
    t.refusal("throw a number", iter(t.loop.create_future()).throw, 4)
    del iterator, future


@program
def blocking_flag(t):
    future = t.loop.create_future()
    t(future._asyncio_future_blocking)
    future._asyncio_future_blocking = True
    t(future._asyncio_future_blocking, asyncio.isfuture(future))
    t.attempt("to a number", setattr, future, "_asyncio_future_blocking", 7)
    t(future._asyncio_future_blocking)
    t.refusal("deleted", delattr, future, "_asyncio_future_blocking")


@program
def private_views(t):
    """What repr(), anyio, aiomonitor and others look at."""
    future = t.loop.create_future()
    t(future._state, future._result, future._exception, future._callbacks)
    t(future._log_traceback, future._loop is t.loop, future._source_traceback)
    t(future._cancel_message)
    callback = t.log("callback")
    future.add_done_callback(callback)
    t(len(future._callbacks), future._callbacks[0][0] is callback)
    t(type(future._callbacks[0][1]).__name__)
    future.set_exception(ValueError("v"))
    t(future._state, future._result, future._exception, future._callbacks, future._log_traceback)
    t.attempt("log_traceback true", setattr, future, "_log_traceback", True)
    t.attempt("log_traceback false", setattr, future, "_log_traceback", False)
    t(future._log_traceback)
    t.spin()
    future = t.loop.create_future()
    future.cancel("message")
    t(future._state, future._cancel_message, future._make_cancelled_error())


@program
def attributes_that_can_not_be_set(t):
    future = t.loop.create_future()
    for name in ("_state", "_loop", "_result", "_exception", "_callbacks", "_source_traceback"):
        t.refusal(name, setattr, future, name, None)
    future.mine = "an attribute"
    t(future.mine)
    t.attempt("vars", lambda: sorted(vars(future)))
    t.attempt("cancel message", setattr, future, "_cancel_message", "set")
    future.cancel()
    t.attempt("result", future.result)


@program
def without_a_loop(t):
    async def main():
        future = asyncio.Future()
        t(future.get_loop() is t.loop)

    t.run(main())
    t(asyncio.Future(loop=t.loop).get_loop() is t.loop)
    asyncio.set_event_loop(t.loop)
    t(asyncio.Future().get_loop() is t.loop)
    asyncio.set_event_loop(None)
    t.attempt("none", asyncio.Future)


@program
def initialised_twice(t):
    """Python 3.15 refuses; before, it starts afresh."""
    future = asyncio.Future(loop=t.loop)
    future.set_result(1)
    t.attempt("again", future.__init__, loop=t.loop)
    t(future.done(), future._state)
    future = asyncio.Future(loop=t.loop)
    future.add_done_callback(t.log("callback"))
    t.attempt("again", future.__init__, loop=t.loop)
    if not future.done():
        future.set_result(1)
    t.spin()


@program
def subclasses(t):
    class Mine(asyncio.Future):
        extra = "class attribute"

        def __init__(self, *, loop):
            super().__init__(loop=loop)
            self.calls = []

        def set_result(self, result):
            self.calls.append("set_result")
            super().set_result(result)

        def add_done_callback(self, callback, *, context=None):
            self.calls.append("add_done_callback")
            super().add_done_callback(callback, context=context)

        def result(self):
            self.calls.append("result")
            return super().result()

        def cancel(self, msg=None):
            self.calls.append("cancel")
            return super().cancel(msg)

    async def main(future):
        return await future

    future = Mine(loop=t.loop)
    task = t.loop.create_task(main(future))
    t.spin()
    future.set_result("result")
    t.run(task)
    t(future.calls, future.extra, future)
    future = Mine(loop=t.loop)
    task = t.loop.create_task(main(future))
    t.spin()
    task.cancel()
    t.run(task)
    t(future.calls, future)
    future = Mine(loop=t.loop)
    t.loop.call_soon(future.set_result, 5)
    t.run(future)
    t(future.calls)


@program
def the_loop_of_a_callback_is_the_future_s(t):
    other = t.new_loop()
    future = other.create_future()
    future.add_done_callback(t.log("callback"))
    t.loop.call_soon(future.set_result, 1)
    t.spin()
    t("nothing yet")
    other.call_soon(other.stop)
    other.run_forever()
