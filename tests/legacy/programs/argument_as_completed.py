import asyncio


async def work(n):
    await asyncio.sleep(0.02 * n)
    return n


loop = asyncio.new_event_loop()
for future in asyncio.as_completed([work(3), work(1), work(2)], loop=loop):
    print(loop.run_until_complete(future))


async def main():
    for future in asyncio.as_completed([work(2), work(1)], loop=loop, timeout=5):
        print(await future)
    for future in asyncio.as_completed([work(1), work(100)], loop=loop, timeout=0.3):
        try:
            print(await future)
        except asyncio.TimeoutError:
            print('timeout')


loop.run_until_complete(main())
for task in asyncio.Task.all_tasks(loop):
    task.cancel()
loop.run_until_complete(asyncio.sleep(0, loop=loop))
loop.close()
