import asyncio
import threading


async def work(n):
    await asyncio.sleep(0.01)
    return n * 2


def in_thread(results):
    try:
        asyncio.get_event_loop()
    except RuntimeError as error:
        results.append(str(error))
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    results.append(asyncio.get_event_loop() is loop)
    results.append(loop.run_until_complete(asyncio.gather(work(1), work(2))))
    loop.close()


results = []
thread = threading.Thread(target=in_thread, args=(results,), name='worker')
thread.start()
thread.join()
print(results)
print(asyncio.get_event_loop().run_until_complete(work(21)))
