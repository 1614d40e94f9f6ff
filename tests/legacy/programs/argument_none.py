import asyncio


class Service:
    def __init__(self, *, loop=None):
        self._loop = loop
        self._lock = asyncio.Lock(loop=loop)
        self._queue = asyncio.Queue(loop=loop)
        self._ready = asyncio.Event(loop=loop)

    async def run(self):
        async with self._lock:
            await self._queue.put(await asyncio.gather(asyncio.sleep(0, 1), loop=self._loop))
            self._ready.set()
        await asyncio.wait_for(self._ready.wait(), 1, loop=self._loop)
        return await self._queue.get()


print(asyncio.get_event_loop().run_until_complete(Service().run()))
