import asyncio


@asyncio.coroutine
def inner():
    try:
        yield from asyncio.sleep(10)
    except asyncio.CancelledError:
        print('inner cancelled')
        raise


@asyncio.coroutine
def outer():
    try:
        yield from inner()
    finally:
        print('outer cleans up')


@asyncio.coroutine
def main(loop):
    task = loop.create_task(outer())
    yield from asyncio.sleep(0)
    print(task.cancel())
    try:
        yield from task
    except asyncio.CancelledError:
        print('main sees it', task.cancelled())


loop = asyncio.get_event_loop()
loop.run_until_complete(main(loop))
