import asyncio


class Later:
    def __init__(self, value):
        self.value = value

    def __await__(self):
        yield from asyncio.sleep(0.01).__await__()
        return self.value


async def main():
    done, _ = await asyncio.wait([Later(1), Later(2)])
    print(sorted(t.result() for t in done))
    print(await asyncio.gather(Later(3), Later(4)))
    print(await asyncio.wait_for(Later(5), 1))


asyncio.get_event_loop().run_until_complete(main())
