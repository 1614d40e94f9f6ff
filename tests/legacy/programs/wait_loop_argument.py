import asyncio


async def work(n):
    await asyncio.sleep(n * 0.01)
    return n


loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
done, pending = loop.run_until_complete(asyncio.wait([work(1), work(2)], loop=loop, timeout=5))
print(sorted(t.result() for t in done), pending)
tasks = [loop.create_task(work(3)), asyncio.ensure_future(work(4), loop=loop)]
done, pending = loop.run_until_complete(asyncio.wait(tasks, loop=loop))
print(done == set(tasks))
loop.close()
