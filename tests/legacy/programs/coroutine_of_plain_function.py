import asyncio


@asyncio.coroutine
def value():
    return 'just a value'


@asyncio.coroutine
def future(loop):
    f = loop.create_future()
    loop.call_later(0.01, f.set_result, 'from a future')
    return f


async def native():
    await asyncio.sleep(0)
    return 'from async def'


@asyncio.coroutine
def of_native():
    return native()


@asyncio.coroutine
def of_generator():
    def inner():
        yield
        return 'from a generator'
    return inner()


async def main(loop):
    print(await value())
    print(await future(loop))
    print(await of_native())
    print(await of_generator())


loop = asyncio.get_event_loop()
loop.run_until_complete(main(loop))
print(loop.run_until_complete(value()))
