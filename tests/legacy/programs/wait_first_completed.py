import asyncio


cancelled = []


async def work(n):
    try:
        await asyncio.sleep(n * 0.02)
        return n
    except asyncio.CancelledError:
        cancelled.append(n)
        raise


async def main():
    done, pending = await asyncio.wait([work(5), work(1), work(7)],
                                       return_when=asyncio.FIRST_COMPLETED)
    print([task.result() for task in done], len(pending))
    for task in pending:
        task.cancel()
    results = await asyncio.gather(*pending, return_exceptions=True)
    print([type(r).__name__ for r in results], sorted(cancelled))


loop = asyncio.get_event_loop()
loop.run_until_complete(main())
loop.close()
