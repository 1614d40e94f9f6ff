import asyncio


def named():
    yield
    yield


async def main():
    task = asyncio.ensure_future(named())
    await asyncio.sleep(0)
    print('named() running at' in repr(task), 'pending' in repr(task))
    print([frame.f_code.co_name for frame in task.get_stack()])
    await task
    print('finished' in repr(task))


asyncio.get_event_loop().run_until_complete(main())
