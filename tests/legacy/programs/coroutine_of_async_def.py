import asyncio


@asyncio.coroutine
async def native(n):
    await asyncio.sleep(0)
    return n


@asyncio.coroutine
def old(n):
    return (yield from native(n)) * 2


async def new(n):
    return await old(n) + 1


loop = asyncio.get_event_loop()
print(loop.run_until_complete(native(1)))
print(loop.run_until_complete(old(2)))
print(loop.run_until_complete(new(3)))
print(asyncio.iscoroutinefunction(native))
