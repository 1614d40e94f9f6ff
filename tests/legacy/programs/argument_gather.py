import asyncio


async def work(n):
    await asyncio.sleep(0.01 * n)
    if n == 3:
        raise ValueError(n)
    return n


loop = asyncio.new_event_loop()
print(loop.run_until_complete(asyncio.gather(work(2), work(1), loop=loop)))
print(loop.run_until_complete(asyncio.gather(work(2), work(3), loop=loop, return_exceptions=True))[0])
same = work(1)
print(loop.run_until_complete(asyncio.gather(same, same, loop=loop)))
try:
    loop.run_until_complete(asyncio.gather(work(3), loop=loop))
except ValueError as error:
    print('ValueError', error)
print(loop.run_until_complete(asyncio.gather(loop=loop)))
loop.close()
