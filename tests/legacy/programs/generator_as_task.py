import asyncio


def work(n, loop):
    future = loop.create_future()
    loop.call_later(0.01 * n, future.set_result, n)
    result = yield from future
    return result


loop = asyncio.get_event_loop()
task = asyncio.ensure_future(work(1, loop))
print(isinstance(task, asyncio.Task), loop.run_until_complete(task))
task = loop.create_task(work(2, loop))
print(isinstance(task, asyncio.Task), loop.run_until_complete(task))
task = asyncio.Task(work(3, loop))
print(isinstance(task, asyncio.Task), loop.run_until_complete(task))
print(task.done(), task.result(), task.exception())
