import asyncio


@asyncio.coroutine
def child(n):
    yield from asyncio.sleep(0)
    return n + 1


@asyncio.coroutine
def main():
    task = asyncio.create_task(child(1))
    return (yield from task)


print(asyncio.run(main()))
