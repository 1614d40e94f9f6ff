import asyncio


def work(n, loop):
    future = loop.create_future()
    loop.call_later(0.02 * n, future.set_result, n)
    return (yield from future)


async def main(loop):
    print(await asyncio.gather(work(2, loop), work(1, loop)))
    done, _ = await asyncio.wait([work(2, loop), work(1, loop)])
    print(sorted(t.result() for t in done))
    print(await asyncio.wait_for(work(1, loop), 5))
    print(await asyncio.shield(work(1, loop)))
    for f in asyncio.as_completed([work(2, loop), work(1, loop)]):
        print(await f)
    try:
        await asyncio.wait_for(work(1000, loop), 0.01)
    except asyncio.TimeoutError:
        print('timeout')


loop = asyncio.get_event_loop()
loop.run_until_complete(main(loop))
