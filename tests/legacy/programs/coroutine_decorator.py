import asyncio
import datetime


@asyncio.coroutine
def compute(x, y):
    print('Compute %s + %s ...' % (x, y))
    yield from asyncio.sleep(0.01)
    return x + y


@asyncio.coroutine
def print_sum(x, y):
    result = yield from compute(x, y)
    print('%s + %s = %s' % (x, y, result))


@asyncio.coroutine
def ticks(loop, count):
    end = loop.time() + 60
    for n in range(count):
        print('tick', n, loop.time() < end)
        yield from asyncio.sleep(0.001)


loop = asyncio.get_event_loop()
loop.run_until_complete(print_sum(1, 2))
loop.run_until_complete(ticks(loop, 3))
loop.close()
