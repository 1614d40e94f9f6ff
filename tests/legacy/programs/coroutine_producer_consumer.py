import asyncio


@asyncio.coroutine
def produce(queue, n):
    for x in range(1, n + 1):
        print('producing {}/{}'.format(x, n))
        yield from asyncio.sleep(0.001)
        yield from queue.put(str(x))
    yield from queue.put(None)


@asyncio.coroutine
def consume(queue):
    while True:
        item = yield from queue.get()
        if item is None:
            break
        print('consuming item {}...'.format(item))


loop = asyncio.get_event_loop()
queue = asyncio.Queue(maxsize=1, loop=loop)
consumer = asyncio.ensure_future(consume(queue))
loop.run_until_complete(produce(queue, 4))
loop.run_until_complete(consumer)
loop.close()
