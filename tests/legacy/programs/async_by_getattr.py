# Python 3.6
import asyncio

ensure_future = getattr(asyncio, 'async')


@asyncio.coroutine
def work():
    yield
    return 'worked'


print(asyncio.get_event_loop().run_until_complete(ensure_future(work())))
print(hasattr(asyncio, 'async'))
