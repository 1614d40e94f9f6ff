import asyncio


class Traced(asyncio.Task):
    pass


def factory(loop, coro):
    print('making a task of', coro.__name__)
    return Traced(coro, loop=loop)


async def work(n):
    await asyncio.sleep(0)
    return n


def old(n):
    yield
    return n


async def main():
    print(await asyncio.gather(work(1), old(2)))
    print(type(asyncio.Task.current_task()).__name__)


loop = asyncio.get_event_loop()
loop.set_task_factory(factory)
loop.run_until_complete(main())
loop.set_task_factory(None)
print(loop.get_task_factory())
