"""sleep, gather, wait, as_completed: results, order, errors."""

import asyncio
import sys


async def _after(delay, value):
    await asyncio.sleep(delay)
    if isinstance(value, Exception):
        raise value
    return value


def gathering(log, loop):
    async def main():
        log(await asyncio.gather())
        log(await asyncio.gather(*[_after(0.001 * (3 - i), i) for i in range(3)]))
        future = loop.create_future()
        future.set_result("done already")
        log(await asyncio.gather(future, _after(0, 1), future))
        coroutine = _after(0, "once")
        log(await asyncio.gather(coroutine, coroutine))
        mixed = [_after(0, 1), _after(0, KeyError("k")), _after(0, 2)]
        log(repr(await asyncio.gather(*mixed, return_exceptions=True)))
        with log.errors(KeyError):
            await asyncio.gather(_after(0.001, 1), _after(0, KeyError("first")))
        await asyncio.sleep(0.005)
        outer = asyncio.gather(_after(0, 1))
        log(outer)
        await outer
        log(outer, await outer)
        log(await asyncio.gather(asyncio.gather(_after(0, 1), _after(0, 2)), asyncio.sleep(0, 3)))

    loop.run_until_complete(main())


def gathering_nothing_sensible(log, loop):
    async def main():
        for bad in (1, None, [1]):
            with log.errors(TypeError):
                await asyncio.gather(bad)
        with log.errors(TypeError):
            asyncio.gather(wrong=True)

    loop.run_until_complete(main())


def waiting(log, loop):
    async def main():
        for return_when in ("ALL_COMPLETED", "FIRST_COMPLETED", "FIRST_EXCEPTION"):
            tasks = [
                loop.create_task(_after(delay, value), name=f"{delay}")
                for delay, value in ((0.03, "slow"), (0, "quick"), (0.015, KeyError("k")))
            ]
            done, pending = await asyncio.wait(tasks, return_when=return_when)
            log(return_when, sorted(t.get_name() for t in done))
            log(sorted(t.get_name() for t in pending), type(done).__name__)
            await asyncio.wait(tasks)
            log([repr(t.exception()) for t in tasks])
        tasks = [loop.create_task(_after(d, d)) for d in (0, 0.2)]
        done, pending = await asyncio.wait(tasks, timeout=0.03)
        log(len(done), len(pending), [t.result() for t in done])
        done, pending = await asyncio.wait(set(tasks), timeout=0)
        log(len(done), len(pending), tasks[1]._callbacks)
        tasks[1].cancel()
        done, pending = await asyncio.wait([tasks[0], tasks[0], tasks[1]])
        log(len(done), len(pending))

    loop.run_until_complete(main())


def waiting_for_nothing_sensible(log, loop):
    async def main():
        coroutine = _after(0, 1)
        for bad in ([], coroutine, [coroutine], loop.create_future(), 5, [5]):
            with log.errors(TypeError, ValueError, AttributeError):
                await asyncio.wait(bad)
        coroutine.close()
        task = loop.create_task(_after(0, 1))
        with log.errors(ValueError):
            await asyncio.wait([task], return_when="SOON")
        with log.errors(TypeError):
            await asyncio.wait([task], timeout="x")
        log(len((await asyncio.wait(t for t in [task]))[0]))
        await task

    loop.run_until_complete(main())


def completing(log, loop):
    async def main():
        coroutines = [_after(0.02 * (3 - i), i) for i in range(3)]
        for coroutine in asyncio.as_completed(coroutines):
            log(await coroutine)
        with log.errors(KeyError):
            for coroutine in asyncio.as_completed([_after(0, KeyError("k"))]):
                await coroutine
        with log.errors(TimeoutError):
            for coroutine in asyncio.as_completed([_after(0, 1), _after(100, 2)], timeout=0.02):
                log(await coroutine)
        same = loop.create_task(_after(0, "same"))
        log([await c for c in asyncio.as_completed([same, same])])
        log([await c for c in asyncio.as_completed([])])
        waiting = list(asyncio.as_completed([_after(0.01, 1), _after(0, 2)]))
        log(await asyncio.gather(*waiting))
        for bad in (_after(0, 1), loop.create_future(), 5):
            with log.errors(TypeError):
                list(asyncio.as_completed(bad))
            if asyncio.iscoroutine(bad):
                bad.close()

    loop.run_until_complete(main())
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0))


def completing_asynchronously(log, loop):
    async def main():
        tasks = [loop.create_task(_after(0.02 * (3 - i), i), name=str(i)) for i in range(3)]
        async for task in asyncio.as_completed(tasks):
            log(task in tasks, task.get_name(), await task)

    if sys.version_info < (3, 13):
        log("not on this version")
        return
    loop.run_until_complete(main())


def sleeping(log, loop):
    async def main():
        log(await asyncio.sleep(0), await asyncio.sleep(0, "r"), await asyncio.sleep(-1, "n"))
        before = loop.time()
        log(await asyncio.sleep(0.02, result="late"), loop.time() - before >= 0.02)
        log(await asyncio.sleep(True, "a bool is a number"))
        for bad in ("1", None, object()):
            with log.errors(TypeError):
                await asyncio.sleep(bad)
        with log.errors(TypeError):
            asyncio.sleep()
        coroutine = asyncio.sleep(0)
        log(asyncio.iscoroutine(coroutine))
        await coroutine
        with log.errors(RuntimeError):
            await coroutine
        log(await loop.create_task(asyncio.sleep(0, "in a task")))

    # "sleep() takes …": Python and C count arguments in different words.
    loop.run_until_complete(main())
    log[:] = [line for line in log if "argument" not in line or "positional" not in line]


def tasks_awaited_twice(log, loop):
    async def main():
        task = loop.create_task(_after(0, ValueError("v")))
        for _ in range(3):
            try:
                await task
            except ValueError as exc:
                depth, tb = 0, exc.__traceback__
                while tb:
                    depth, tb = depth + 1, tb.tb_next
                log("depth", depth)

    loop.run_until_complete(main())
