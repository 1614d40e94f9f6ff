import asyncio


async def work(name, delay):
    await asyncio.sleep(delay)
    return name


async def main():
    done, pending = await asyncio.wait({work('a', 0.01), work('b', 0.02), work('c', 0.03)})
    print(sorted(task.result() for task in done), pending)
    print(all(isinstance(task, asyncio.Task) for task in done))


asyncio.get_event_loop().run_until_complete(main())
