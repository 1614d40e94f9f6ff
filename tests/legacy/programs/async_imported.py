# Python 3.6
from asyncio import async, get_event_loop, sleep
from asyncio import async as spawn
import asyncio as aio


@aio.coroutine
def hello(name):
    yield from sleep(0)
    print('hello', name)


@aio.coroutine
def main():
    yield from async(hello('async'))
    yield from spawn(hello('spawn'))
    yield from aio.async(hello('aio.async'))


get_event_loop().run_until_complete(main())
