import asyncio


async def phase(n):
    print('in phase', n)
    await asyncio.sleep(0.01 * n)
    print('done with phase', n)
    return 'phase {} result'.format(n)


async def main():
    done, pending = await asyncio.wait([phase(i) for i in range(1, 2)])
    print(len(done), 'completed and', len(pending), 'pending')
    done, pending = await asyncio.wait([phase(3), phase(3)][:1])
    print(sorted(t.result() for t in done))


loop = asyncio.get_event_loop()
try:
    loop.run_until_complete(main())
finally:
    loop.close()
