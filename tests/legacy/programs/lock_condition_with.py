import asyncio


@asyncio.coroutine
def consumer(condition, n):
    with (yield from condition):
        print('consumer', n, 'is waiting')
        yield from condition.wait()
        print('consumer', n, 'triggered')


async def manipulate(condition):
    await asyncio.sleep(0.01)
    for n in range(1, 3):
        with await condition:
            print('notifying', n)
            condition.notify(n=n)
        await asyncio.sleep(0.01)


async def main(loop):
    condition = asyncio.Condition()
    consumers = [loop.create_task(consumer(condition, n)) for n in range(3)]
    loop.create_task(manipulate(condition))
    await asyncio.wait(consumers)


loop = asyncio.get_event_loop()
loop.run_until_complete(main(loop))
