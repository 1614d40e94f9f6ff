import asyncio


async def say(what, when):
    await asyncio.sleep(when)
    print(what)


loop = asyncio.get_event_loop()
loop.run_until_complete(asyncio.wait([say('second', 0.02), say('first', 0.01), say('third', 0.03)]))
loop.close()
print('closed', loop.is_closed())
