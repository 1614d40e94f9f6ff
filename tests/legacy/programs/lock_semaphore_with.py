import asyncio


@asyncio.coroutine
def worker(n, semaphore):
    with (yield from semaphore):
        print('start', n)
        yield from asyncio.sleep(0.01 * (n + 1))
        print('end', n)


async def waiter(semaphore):
    with await semaphore:
        return semaphore.locked()


loop = asyncio.get_event_loop()
semaphore = asyncio.Semaphore(2)
loop.run_until_complete(asyncio.gather(*[worker(n, semaphore) for n in range(3)]))
bounded = asyncio.BoundedSemaphore(1)
print(loop.run_until_complete(waiter(bounded)), bounded.locked())
