import asyncio
import threading


def work(n):
    yield
    return n * 3


loop = asyncio.get_event_loop()
thread = threading.Thread(target=loop.run_forever)
thread.start()
print(asyncio.run_coroutine_threadsafe(work(14), loop).result(5))
try:
    asyncio.run_coroutine_threadsafe(5, loop)
except TypeError as error:
    print(error)
loop.call_soon_threadsafe(loop.stop)
thread.join()
loop.close()
