# Python 3.6
import asyncio
import sys
import traceback


@asyncio.coroutine
def fails():
    yield
    raise ValueError('x')


def start(): return asyncio.async(fails()), asyncio.async(5)


try:
    start()
except TypeError:
    entry = traceback.extract_tb(sys.exc_info()[2])[1]
    print(entry.name, entry.lineno, entry.line)
