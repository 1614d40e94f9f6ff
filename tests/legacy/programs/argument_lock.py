import asyncio


async def worker(lock, name):
    async with lock:
        print(name, 'has the lock')
        await asyncio.sleep(0)
    print(name, 'released it')


async def main(loop):
    lock = asyncio.Lock(loop=loop)
    await lock.acquire()
    loop.call_later(0.01, lock.release)
    await asyncio.wait([worker(lock, 'a')], loop=loop)
    await asyncio.gather(worker(lock, 'b'), worker(lock, 'c'), loop=loop)
    print(lock.locked(), isinstance(lock, asyncio.Lock), lock._loop is loop)


loop = asyncio.get_event_loop()
loop.run_until_complete(main(loop))
