import asyncio


async def main(other):
    try:
        await asyncio.sleep(0.01, loop=other)
    except RuntimeError as error:
        print('attached to a different loop' in str(error))


loop, other = asyncio.new_event_loop(), asyncio.new_event_loop()
loop.run_until_complete(main(other))
loop.close()
other.close()
