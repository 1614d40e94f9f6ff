import asyncio


@asyncio.coroutine
def worker(name, lock):
    with (yield from lock):
        print(name, 'in', lock.locked())
        yield from asyncio.sleep(0)
        print(name, 'out')


@asyncio.coroutine
def main():
    lock = asyncio.Lock()
    yield from asyncio.gather(worker('a', lock), worker('b', lock), worker('c', lock))
    print(lock.locked())
    with (yield from lock) as nothing:
        print(nothing)


asyncio.get_event_loop().run_until_complete(main())
