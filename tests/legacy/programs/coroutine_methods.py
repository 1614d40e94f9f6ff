import asyncio


class Base:
    name = 'base'

    @asyncio.coroutine
    def run(self):
        yield from asyncio.sleep(0)
        return self.name

    @classmethod
    @asyncio.coroutine
    def make(cls):
        yield from asyncio.sleep(0)
        return cls()

    @staticmethod
    @asyncio.coroutine
    def helper(n):
        yield from asyncio.sleep(0)
        return n + 1


class Derived(Base):
    name = 'derived'

    @asyncio.coroutine
    def run(self):
        """Run twice."""
        first = yield from super().run()
        second = yield from super().run()
        return first, second


@asyncio.coroutine
def main():
    made = yield from Derived.make()
    print(type(made).__name__, (yield from made.run()), (yield from made.helper(1)))


asyncio.get_event_loop().run_until_complete(main())
print(Derived.run.__name__, Derived.run.__doc__)
