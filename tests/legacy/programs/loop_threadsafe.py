import asyncio
import threading


async def add(a, b):
    await asyncio.sleep(0.01)
    return a + b


def start_loop(loop):
    asyncio.set_event_loop(loop)
    loop.run_forever()


new_loop = asyncio.new_event_loop()
t = threading.Thread(target=start_loop, args=(new_loop,))
t.start()
future = asyncio.run_coroutine_threadsafe(add(1, 2), new_loop)
print(future.result(5))
done = threading.Event()
new_loop.call_soon_threadsafe(done.set)
print(done.wait(5))
new_loop.call_soon_threadsafe(new_loop.stop)
t.join()
new_loop.close()
