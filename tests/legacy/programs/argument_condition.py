import asyncio


async def consumer(condition, n):
    async with condition:
        await condition.wait()
        print('consumer', n)


async def main(loop):
    condition = asyncio.Condition(loop=loop)
    tasks = [loop.create_task(consumer(condition, n)) for n in range(3)]
    await asyncio.sleep(0.01, loop=loop)
    for n in (1, 2):
        async with condition:
            condition.notify(n)
        await asyncio.sleep(0.01)
    await asyncio.wait(tasks)
    lock = asyncio.Lock(loop=loop)
    shared = asyncio.Condition(lock, loop=loop)
    async with shared:
        print(lock.locked())
    other = asyncio.new_event_loop()
    try:
        asyncio.Condition(lock, loop=other)
    except ValueError as error:
        print('ValueError', error)
    other.close()


loop = asyncio.get_event_loop()
loop.run_until_complete(main(loop))
