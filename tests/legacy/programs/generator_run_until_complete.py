import asyncio


def work(loop):
    future = loop.create_future()
    loop.call_later(0.01, future.set_result, 'the result')
    print((yield from future))
    yield
    return 'returned'


loop = asyncio.get_event_loop()
print(loop.run_until_complete(work(loop)))
loop.close()
