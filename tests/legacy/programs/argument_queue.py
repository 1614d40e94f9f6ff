import asyncio


async def consumer(n, q):
    while True:
        item = await q.get()
        if item is None:
            q.task_done()
            break
        await asyncio.sleep(0.001 * item)
        q.task_done()


async def producer(q, num_workers):
    for i in range(num_workers * 3):
        await q.put(i)
    for i in range(num_workers):
        await q.put(None)
    print('producer: waiting for queue to empty')
    await q.join()
    print('producer: ending')


async def main(loop, num_consumers):
    q = asyncio.Queue(maxsize=num_consumers, loop=loop)
    consumers = [loop.create_task(consumer(i, q)) for i in range(num_consumers)]
    prod = loop.create_task(producer(q, num_consumers))
    await asyncio.wait(consumers + [prod])
    print(q.empty(), q.maxsize)


event_loop = asyncio.get_event_loop()
try:
    event_loop.run_until_complete(main(event_loop, 2))
finally:
    event_loop.close()
