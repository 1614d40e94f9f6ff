import asyncio


async def worker(name, lock):
    with await lock:
        print(name, 'in', lock.locked())
        await asyncio.sleep(0)
        print(name, 'out')


async def main():
    lock = asyncio.Lock()
    await asyncio.gather(worker('a', lock), worker('b', lock))
    print(lock.locked())


asyncio.get_event_loop().run_until_complete(main())
