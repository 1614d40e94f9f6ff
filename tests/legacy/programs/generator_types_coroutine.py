import asyncio
import types


@types.coroutine
def switch():
    yield


@types.coroutine
def work(n):
    yield from asyncio.sleep(0.001)
    yield from switch()
    return n


async def main():
    print(await work(1))
    print(await asyncio.gather(work(2), work(3)))
    print(await asyncio.ensure_future(work(4)))


loop = asyncio.get_event_loop()
loop.run_until_complete(main())
print(loop.run_until_complete(work(5)))
