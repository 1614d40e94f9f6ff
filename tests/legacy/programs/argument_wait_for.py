import asyncio


async def slow():
    try:
        await asyncio.sleep(10)
    except asyncio.CancelledError:
        print('slow was cancelled')
        raise


async def quick():
    return 'quick'


async def main(loop):
    print(await asyncio.wait_for(quick(), 1, loop=loop))
    print(await asyncio.wait_for(quick(), timeout=None, loop=loop))
    try:
        await asyncio.wait_for(slow(), timeout=0.01, loop=loop)
    except asyncio.TimeoutError:
        print('timeout')


loop = asyncio.new_event_loop()
loop.run_until_complete(main(loop))
print(loop.run_until_complete(asyncio.wait_for(quick(), 1, loop=loop)))
loop.close()
