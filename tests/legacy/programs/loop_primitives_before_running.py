import asyncio

lock = asyncio.Lock()
event = asyncio.Event()
condition = asyncio.Condition()
semaphore = asyncio.Semaphore(2)
queue = asyncio.Queue()


async def waiter(n):
    await event.wait()
    async with semaphore:
        async with lock:
            await queue.put(n)


async def main():
    tasks = [asyncio.ensure_future(waiter(n)) for n in range(4)]
    await asyncio.sleep(0)
    event.set()
    print([await queue.get() for _ in tasks])
    async with condition:
        condition.notify_all()
    print(lock.locked(), semaphore.locked(), queue.empty())


asyncio.get_event_loop().run_until_complete(main())
