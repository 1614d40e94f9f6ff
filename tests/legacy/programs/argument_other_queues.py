import asyncio


async def main(loop):
    for kind in (asyncio.Queue, asyncio.LifoQueue, asyncio.PriorityQueue):
        queue = kind(loop=loop)
        for n in (2, 3, 1):
            queue.put_nowait(n)
        print(kind.__name__, [await queue.get() for _ in range(3)])
        try:
            queue.get_nowait()
        except asyncio.QueueEmpty as error:
            print(type(error).__name__)
    full = asyncio.LifoQueue(1, loop=loop)
    full.put_nowait(0)
    try:
        full.put_nowait(1)
    except asyncio.QueueFull as error:
        print(type(error).__name__)


loop = asyncio.get_event_loop()
loop.run_until_complete(main(loop))
