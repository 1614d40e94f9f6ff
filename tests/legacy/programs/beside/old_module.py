import asyncio


@asyncio.coroutine
def part(n):
    yield from asyncio.sleep(0)
    return n


@asyncio.coroutine
def main():
    tasks = [asyncio.async(part(n)) for n in range(3)]
    return (yield from asyncio.gather(*tasks))
