import asyncio

running = most = 0


async def worker(semaphore):
    global running, most
    async with semaphore:
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.001)
        running -= 1


async def main(loop):
    semaphore = asyncio.Semaphore(3, loop=loop)
    await asyncio.gather(*[worker(semaphore) for _ in range(9)])
    print(most, semaphore.locked())
    bounded = asyncio.BoundedSemaphore(value=1, loop=loop)
    await bounded.acquire()
    print(bounded.locked())
    bounded.release()
    try:
        bounded.release()
    except ValueError as error:
        print('ValueError', error)
    print(isinstance(bounded, asyncio.Semaphore))


loop = asyncio.get_event_loop()
loop.run_until_complete(main(loop))
