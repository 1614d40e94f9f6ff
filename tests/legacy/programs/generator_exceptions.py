import asyncio


def fails():
    yield
    raise KeyError('missing')


def never():
    try:
        while True:
            yield
    finally:
        print('never ends')


async def main(loop):
    try:
        await loop.create_task(fails())
    except KeyError as error:
        print('KeyError', error)
    task = asyncio.ensure_future(never())
    await asyncio.sleep(0)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        print('cancelled', task.cancelled())


loop = asyncio.get_event_loop()
loop.run_until_complete(main(loop))
