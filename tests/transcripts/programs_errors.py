"""Where exceptions end: the caller, the exception handler, or the end of the run."""

import asyncio
import gc
import time


def in_callbacks(log, loop):
    def fails():
        raise ValueError("callback")

    loop.call_soon(fails)
    loop.call_later(0, fails)
    future = loop.create_future()
    future.add_done_callback(lambda f: 1 / 0)
    future.add_done_callback(lambda f: log("the next one runs"))
    future.set_result(None)
    loop.call_later(0.01, loop.stop)
    loop.run_forever()


def that_end_the_run(log, loop):
    class Mine(BaseException):
        pass

    def raises(exc):
        raise exc

    for exc in (KeyboardInterrupt("k"), SystemExit(3), Mine("m")):
        loop.call_soon(log, "before")
        loop.call_soon(raises, exc)
        loop.call_soon(log, "after: in the next run, unless the error was reported")
        loop.call_soon(loop.stop)
        with log.errors(KeyboardInterrupt, SystemExit):
            loop.run_forever()
        log("next")
        loop.call_soon(loop.stop)
        loop.run_forever()


def that_end_the_run_from_a_task(log, loop):
    async def raises(exc):
        await asyncio.sleep(0)
        raise exc

    for exc in (KeyboardInterrupt, SystemExit):
        with log.errors(KeyboardInterrupt, SystemExit):
            loop.run_until_complete(raises(exc))
        log(loop.run_until_complete(asyncio.sleep(0, "usable")))


def never_retrieved(log, loop):
    async def fails():
        raise ValueError("nobody looks")

    async def main():
        task = loop.create_task(fails())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        del task
        gc.collect()
        future = loop.create_future()
        future.set_exception(KeyError("nor here"))
        del future
        gc.collect()
        seen = loop.create_future()
        seen.set_exception(KeyError("seen"))
        seen.exception()
        del seen

    loop.run_until_complete(main())


def destroyed_while_pending(log, loop):
    async def waits():
        await loop.create_future()

    async def main():
        task = loop.create_task(waits(), name="lost")
        await asyncio.sleep(0)
        del task
        gc.collect()

    loop.run_until_complete(main())


def stop_iteration_in_a_coroutine(log, loop):
    async def stops():
        raise StopIteration("x")

    with log.errors(RuntimeError):
        loop.run_until_complete(stops())


def the_handler_itself(log, loop):
    def bad_handler(loop, context):
        raise ValueError("handler")

    log(loop.get_exception_handler() == log.handler)
    with log.errors(TypeError):
        loop.set_exception_handler(1)
    loop.set_exception_handler(log.handler)
    loop.call_exception_handler({"message": "by hand"})
    loop.set_exception_handler(None)
    log(loop.get_exception_handler())


def debug_mode(log, loop):
    loop.set_debug(True)
    log(loop.get_debug())
    loop.slow_callback_duration = 0.05
    for bad in (1, _a_coroutine, None):
        with log.errors(TypeError):
            loop.call_soon(bad)
        with log.errors(TypeError):
            loop.call_later(1, bad)
    future = loop.create_future()
    log(future._source_traceback is not None)
    handle = loop.call_soon(log, "x")
    log(handle._source_traceback[-1].name, repr(handle).count("created at"))
    handle.cancel()
    log(repr(handle).split(" at ")[0])

    async def main():
        await loop.run_in_executor(None, _wrong_thread, log, loop)

    loop.run_until_complete(main())


async def _a_coroutine():
    pass


def _wrong_thread(log, loop):
    with log.errors(RuntimeError):
        loop.call_soon(log)
    with log.errors(RuntimeError):
        loop.call_later(1, log)


def slow_callbacks_are_logged(log, loop):
    import logging

    class Records(logging.Handler):
        def emit(self, record):
            text = record.getMessage()
            if text.startswith("Executing"):
                log(text.split(" at ")[0].split(" took ")[0].split("cb=")[0].split("(<Future")[0])

    async def slow():
        time.sleep(0.06)

    records = Records()
    logger = logging.getLogger("asyncio")
    logger.addHandler(records)
    propagate, logger.propagate = logger.propagate, False
    try:
        loop.set_debug(True)
        loop.slow_callback_duration = 0.05
        loop.call_soon(time.sleep, 0.06)
        task = loop.create_task(slow(), name="slow")
        loop.run_until_complete(task)
        future = loop.create_future()
        future.add_done_callback(lambda f: time.sleep(0.06))
        future.set_result(None)
        loop.run_until_complete(asyncio.sleep(0.001))
    finally:
        logger.removeHandler(records)
        logger.propagate = propagate
    log("done")
