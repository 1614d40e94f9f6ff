import asyncio


@asyncio.coroutine
def wait_for_it(lock):
    with (yield from lock):
        print('never here')


@asyncio.coroutine
def main(loop):
    lock = asyncio.Lock()
    with (yield from lock):
        task = loop.create_task(wait_for_it(lock))
        yield from asyncio.sleep(0)
        task.cancel()
        yield from asyncio.wait([task])
        print(task.cancelled(), lock.locked())
    print(lock.locked())


loop = asyncio.get_event_loop()
loop.run_until_complete(main(loop))
