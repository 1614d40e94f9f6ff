import asyncio


async def main(loop):
    print(await asyncio.sleep(0.01, loop=loop))
    print(await asyncio.sleep(0.01, 'result', loop=loop))
    print(await asyncio.sleep(0, result='at once', loop=loop))
    print(await asyncio.sleep(0.01, loop=None))


loop = asyncio.new_event_loop()
loop.run_until_complete(main(loop))
print(loop.run_until_complete(asyncio.sleep(0.01, result='outside', loop=loop)))
loop.close()
