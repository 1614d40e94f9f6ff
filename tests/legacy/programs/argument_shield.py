import asyncio


async def work():
    await asyncio.sleep(0.02)
    print('work goes on')
    return 'done'


async def main(loop):
    inner = loop.create_task(work())
    outer = asyncio.shield(inner, loop=loop)
    await asyncio.sleep(0)
    outer.cancel()
    try:
        await outer
    except asyncio.CancelledError:
        print('outer cancelled', inner.cancelled())
    print(await inner)


loop = asyncio.new_event_loop()
loop.run_until_complete(main(loop))
print(loop.run_until_complete(asyncio.shield(work(), loop=loop)))
loop.close()
