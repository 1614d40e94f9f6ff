import asyncio


@asyncio.coroutine
def old(lock):
    try:
        with (yield from lock):
            raise ValueError('in the block')
    except ValueError as error:
        print(error, lock.locked())


async def new(lock):
    try:
        with await lock:
            raise KeyError('here too')
    except KeyError as error:
        print(error, lock.locked())
    holder = await lock
    print(lock.locked())
    with holder:
        pass
    print(lock.locked())


loop = asyncio.get_event_loop()
lock = asyncio.Lock()
loop.run_until_complete(old(lock))
loop.run_until_complete(new(lock))
