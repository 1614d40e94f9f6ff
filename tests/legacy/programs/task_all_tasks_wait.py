import asyncio


async def background(n):
    await asyncio.sleep(0.01 * n)
    print('background', n)


async def main():
    for n in (2, 1):
        asyncio.ensure_future(background(n))


loop = asyncio.get_event_loop()
loop.run_until_complete(main())
pending = {t for t in asyncio.Task.all_tasks(loop=loop) if not t.done()}
loop.run_until_complete(asyncio.wait(pending, loop=loop))
loop.close()
