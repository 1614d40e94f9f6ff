import asyncio


@asyncio.coroutine
def fibonacci(n):
    if n < 2:
        return n
    a = yield from fibonacci(n - 1)
    b = yield from fibonacci(n - 2)
    yield
    return a + b


@asyncio.coroutine
def deep(n):
    if n == 0:
        yield from asyncio.sleep(0)
        return 0
    return (yield from deep(n - 1)) + 1


loop = asyncio.get_event_loop()
print(loop.run_until_complete(fibonacci(12)))
print(loop.run_until_complete(deep(200)))
