import asyncio


async def phase(i):
    try:
        await asyncio.sleep(0.01 if i == 0 else 5)
    except asyncio.CancelledError:
        print('phase', i, 'cancelled')
        raise
    print('done with phase', i)
    return i


async def main():
    phases = [phase(i) for i in range(2)]
    completed, pending = await asyncio.wait(phases, timeout=0.2)
    print('{} completed and {} pending'.format(len(completed), len(pending)))
    for t in pending:
        t.cancel()


event_loop = asyncio.get_event_loop()
try:
    event_loop.run_until_complete(main())
    event_loop.run_until_complete(asyncio.sleep(0))
finally:
    event_loop.close()
