import asyncio


async def work(n):
    await asyncio.sleep(0.02 * n)
    return n


loop = asyncio.get_event_loop()
for future in asyncio.as_completed([work(2), work(1)]):
    print(loop.run_until_complete(future))
print(len(list(asyncio.as_completed([]))))
