import asyncio


class SetQueue(asyncio.Queue):
    """Each item once."""

    def __init__(self, maxsize=0, *, loop=None):
        super().__init__(maxsize, loop=loop)

    def _init(self, maxsize):
        self._queue = set()

    def _put(self, item):
        self._queue.add(item)

    def _get(self):
        return self._queue.pop()


async def main(loop):
    queue = SetQueue(loop=loop)
    for item in (1, 1, 1):
        await queue.put(item)
    print(queue.qsize(), await queue.get(), queue.empty())
    getter = asyncio.ensure_future(queue.get())
    await asyncio.sleep(0)
    queue.put_nowait(5)
    print(await getter)


loop = asyncio.get_event_loop()
loop.run_until_complete(main(loop))
