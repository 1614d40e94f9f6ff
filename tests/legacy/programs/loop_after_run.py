import asyncio


async def main():
    print('in main')
    return asyncio.get_event_loop().is_running()


print(asyncio.run(main()))
try:
    asyncio.get_event_loop()
except RuntimeError as error:
    print(error)
asyncio.set_event_loop(asyncio.new_event_loop())
print(asyncio.get_event_loop().run_until_complete(main()))
