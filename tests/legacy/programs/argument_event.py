import asyncio


async def wait_for_event(event, name):
    await event.wait()
    print(name, 'saw it', event.is_set())


loop = asyncio.get_event_loop()
event = asyncio.Event(loop=loop)
loop.call_later(0.01, event.set)
loop.run_until_complete(asyncio.gather(*[wait_for_event(event, n) for n in 'abc']))
event.clear()
print(event.is_set())
