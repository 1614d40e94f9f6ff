import asyncio


@asyncio.coroutine
def counter(name, count):
    for n in range(count):
        print(name, n)
        yield


@asyncio.coroutine
def main():
    yield from asyncio.gather(counter('a', 3), counter('b', 2))
    yield
    print('end')


asyncio.get_event_loop().run_until_complete(main())
