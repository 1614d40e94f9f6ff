# Python 3.6
import asyncio


def plain(n):
    yield from asyncio.sleep(0.001 * n)
    return n


loop = asyncio.get_event_loop()
print(loop.run_until_complete(plain(1)))
print(loop.run_until_complete(asyncio.gather(plain(3), plain(2))))
