import asyncio


async def work(future):
    return 'work got {}'.format(await future)


loop = asyncio.new_event_loop()
future = asyncio.Future(loop=loop)
task = asyncio.Task(work(future), loop=loop)
other = asyncio.ensure_future(work(future), loop=loop)
loop.call_soon(future.set_result, 'it')
print(loop.run_until_complete(task), loop.run_until_complete(other))
print(asyncio.Task.all_tasks(loop=loop) <= {task, other}, isinstance(task, asyncio.Future))
loop.close()
