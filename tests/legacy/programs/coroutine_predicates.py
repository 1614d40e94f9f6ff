import asyncio
import warnings

warnings.simplefilter('ignore')


@asyncio.coroutine
def decorated():
    yield


@asyncio.coroutine
def function():
    return 1


async def native():
    pass


def plain():
    yield


for f in (decorated, function, native, plain):
    coro = f()
    print(f.__name__, asyncio.iscoroutinefunction(f), f is plain or asyncio.iscoroutine(coro))
    coro.close()
print(asyncio.iscoroutine(1), asyncio.iscoroutine([]), asyncio.iscoroutinefunction(print))
print(asyncio.coroutines.iscoroutine(plain()))
