import asyncio


async def work(n):
    await asyncio.sleep(n * 0.01)
    return n


async def main(loop):
    task = asyncio.ensure_future(work(1))
    future = loop.create_future()
    loop.call_later(0.02, future.set_result, 2)
    done, pending = await asyncio.wait([task, work(3), future])
    print(sorted(f.result() for f in done), len(pending), task in done, future in done)


loop = asyncio.get_event_loop()
loop.run_until_complete(main(loop))
