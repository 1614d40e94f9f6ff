import asyncio


async def nothing():
    pass


async def main(loop):
    tasks = [loop.create_task(nothing()), asyncio.ensure_future(nothing()), asyncio.Task(nothing())]
    for task in tasks:
        print(isinstance(task, asyncio.Task), isinstance(task, asyncio.Future),
              issubclass(type(task), asyncio.Task), asyncio.isfuture(task))
    print(isinstance(loop.create_future(), asyncio.Task), issubclass(asyncio.Task, asyncio.Future))
    print(asyncio.Task.__name__, isinstance(asyncio.Task, type))
    await asyncio.wait(tasks)
    try:
        asyncio.Task(5)
    except TypeError as error:
        print(error)


loop = asyncio.get_event_loop()
loop.run_until_complete(main(loop))
