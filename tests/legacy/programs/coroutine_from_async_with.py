import asyncio
import contextlib


class Resource:
    @asyncio.coroutine
    def __aenter__(self):
        yield from asyncio.sleep(0)
        print('enter')
        return self

    @asyncio.coroutine
    def __aexit__(self, *args):
        yield from asyncio.sleep(0)
        print('exit')


class Count:
    def __init__(self, n):
        self.n = n

    def __aiter__(self):
        return self

    @asyncio.coroutine
    def __anext__(self):
        if not self.n:
            raise StopAsyncIteration
        yield from asyncio.sleep(0)
        self.n -= 1
        return self.n


async def main():
    async with Resource():
        async for n in Count(3):
            print(n)


asyncio.get_event_loop().run_until_complete(main())
