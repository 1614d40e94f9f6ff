import asyncio
import functools


def callback(n, loop):
    print('callback', n)
    if n == 3:
        loop.stop()
    else:
        loop.call_soon(functools.partial(callback, n + 1, loop))


def late(what):
    print('late', what)


loop = asyncio.get_event_loop()
loop.call_soon(callback, 1, loop)
loop.run_forever()
loop.call_later(0.02, late, 'second')
loop.call_later(0.01, late, 'first')
handle = loop.call_later(0.015, late, 'never')
handle.cancel()
loop.call_later(0.03, loop.stop)
loop.run_forever()
loop.close()
