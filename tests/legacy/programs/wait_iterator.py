import asyncio


async def square(n):
    await asyncio.sleep(0)
    return n * n


async def main():
    done, _ = await asyncio.wait(map(square, range(6)))
    print(sorted(task.result() for task in done))
    try:
        await asyncio.wait(square(1))
    except TypeError as error:
        print('TypeError', 'list of futures' in str(error) or 'list' in str(error))
    try:
        await asyncio.wait([])
    except ValueError:
        print('ValueError')


import warnings
warnings.simplefilter('ignore')
asyncio.get_event_loop().run_until_complete(main())
