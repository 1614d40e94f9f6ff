from asyncio import *


@coroutine
def work(n):
    yield from sleep(0)
    return n


loop = get_event_loop()
print(loop.run_until_complete(gather(work(1), work(2))))
print(loop.run_until_complete(wait_for(work(3), 1)))
