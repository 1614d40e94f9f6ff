# Python 3.6
import asyncio


@asyncio.coroutine
def work(n):
    yield from asyncio.sleep(0.001)
    return n


loop = asyncio.get_event_loop()
task = asyncio.async(work(1))
print(isinstance(task, asyncio.Task))
tasks = [task, asyncio.async(work(2), loop=loop), asyncio . async(
    work(3))]
print(loop.run_until_complete(asyncio.gather(*tasks)))
print(asyncio.async(task) is task, asyncio.async is asyncio.async)
loop.close()
