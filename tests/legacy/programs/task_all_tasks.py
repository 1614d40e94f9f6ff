import asyncio


cancelled = []


async def forever(n):
    try:
        await asyncio.sleep(1000)
    except asyncio.CancelledError:
        cancelled.append(n)
        raise


async def main():
    for n in range(3):
        asyncio.ensure_future(forever(n))
    await asyncio.sleep(0.01)
    return len(asyncio.Task.all_tasks())


loop = asyncio.get_event_loop()
print(loop.run_until_complete(main()))
pending = [task for task in asyncio.Task.all_tasks() if not task.done()]
print(len(pending))
for task in pending:
    task.cancel()
results = loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
print([type(r).__name__ for r in results], sorted(cancelled))
print([t for t in asyncio.Task.all_tasks(loop) if not t.done()])
loop.close()
