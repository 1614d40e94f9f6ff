import asyncio


async def good():
    await asyncio.sleep(10)


async def bad():
    await asyncio.sleep(0.01)
    raise ValueError('bad luck')


async def main():
    done, pending = await asyncio.wait([good(), bad()], return_when=asyncio.FIRST_EXCEPTION)
    for task in done:
        print(repr(task.exception()).rstrip(',)') + ')')
    for task in pending:
        task.cancel()
    print(len(done), len(pending))
    await asyncio.wait(pending)
    print([task.cancelled() for task in pending])


asyncio.get_event_loop().run_until_complete(main())
