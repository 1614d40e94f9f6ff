import asyncio

loop = asyncio.get_event_loop()
asyncio.set_event_loop(None)
try:
    asyncio.get_event_loop()
except RuntimeError as error:
    print(error)
try:
    asyncio.Future()
except RuntimeError as error:
    print(error)
future = asyncio.Future(loop=loop)
loop.call_soon(future.set_result, 'with a loop argument')
print(loop.run_until_complete(future))


async def inside():
    return asyncio.get_event_loop() is loop


print(loop.run_until_complete(inside()))
loop.close()
