import asyncio
import warnings

warnings.simplefilter('ignore')


class Policy(asyncio.DefaultEventLoopPolicy):
    def new_event_loop(self):
        print('a new loop')
        return super().new_event_loop()


asyncio.set_event_loop_policy(Policy())
print(isinstance(asyncio.get_event_loop_policy(), asyncio.AbstractEventLoopPolicy))


async def main():
    await asyncio.sleep(0)
    return 'ran'


loop = asyncio.get_event_loop()
print(loop.run_until_complete(main()))
print(asyncio.get_event_loop_policy().get_event_loop() is loop)
other = asyncio.new_event_loop()
asyncio.get_event_loop_policy().set_event_loop(other)
print(asyncio.get_event_loop() is other)
other.close()
loop.close()
asyncio.set_event_loop_policy(None)
print(asyncio.get_event_loop() is other)
