import asyncio


@asyncio.coroutine
def work(n):
    yield from asyncio.sleep(0.01 * n)
    return n


@asyncio.coroutine
def main(loop):
    done, _ = yield from asyncio.wait([work(1), work(2)])
    print(sorted(t.result() for t in done))
    print((yield from asyncio.wait_for(work(1), 5)))
    print((yield from asyncio.gather(work(2), work(1))))
    print((yield from asyncio.shield(work(1))))
    for f in asyncio.as_completed([work(2), work(1)]):
        print((yield from f))
    print((yield from loop.create_task(work(1))))
    print((yield from loop.run_in_executor(None, abs, -7)))
    return 'end'


loop = asyncio.get_event_loop()
print(loop.run_until_complete(main(loop)))
