import asyncio

print(asyncio.Task.current_task())


async def child():
    return asyncio.Task.current_task()


async def main(loop):
    task = asyncio.ensure_future(child())
    mine = asyncio.Task.current_task()
    print(await task is task, await child() is mine, mine is asyncio.Task.current_task(loop))
    loop.call_soon(lambda: print(asyncio.Task.current_task(loop=loop)))
    await asyncio.sleep(0)


loop = asyncio.get_event_loop()
loop.run_until_complete(main(loop))
