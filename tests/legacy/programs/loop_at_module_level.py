import asyncio

loop = asyncio.get_event_loop()
print(loop is asyncio.get_event_loop(), loop.is_running(), loop.is_closed())


async def main():
    print(asyncio.get_event_loop() is loop, loop.is_running())
    return 42


print(loop.run_until_complete(main()))
print(asyncio.get_event_loop() is loop)
loop.close()
print(asyncio.get_event_loop().is_closed())
try:
    coro = main()
    loop.run_until_complete(coro)
except RuntimeError as error:
    print(error)
    coro.close()
