"""A program as it was written in 2016, for Python 3.4. Python itself refuses it since 3.11.

    python3 -m phaseloop examples/from_2016.py
"""

import asyncio


@asyncio.coroutine
def count(name, lock, loop):
    for number in range(3):
        with (yield from lock):
            print(name, number)
        yield from asyncio.sleep(0.001, loop=loop)
    return name


@asyncio.coroutine
def main(loop):
    lock = asyncio.Lock(loop=loop)
    tasks = [asyncio.async(count(name, lock, loop), loop=loop) for name in ("one", "two")]
    done, pending = yield from asyncio.wait(tasks, loop=loop)
    assert not pending
    print(sorted(task.result() for task in done))
    print(len(asyncio.Task.all_tasks(loop)), "task left, this one")


loop = asyncio.get_event_loop()
loop.run_until_complete(main(loop))
loop.close()
