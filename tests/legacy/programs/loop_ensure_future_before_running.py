import asyncio


async def work(name):
    print('start', name)
    await asyncio.sleep(0)
    print('end', name)
    return name


task = asyncio.ensure_future(work('a'))
other = asyncio.ensure_future(work('b'))
print(task.done(), isinstance(task, asyncio.Task), asyncio.ensure_future(task) is task)
loop = asyncio.get_event_loop()
print(loop.run_until_complete(other))
print(task.done() and task.result())
