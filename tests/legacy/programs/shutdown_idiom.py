import asyncio
import os
import signal


stopped = []


@asyncio.coroutine
def worker(n):
    try:
        while True:
            yield from asyncio.sleep(0.001)
    except asyncio.CancelledError:
        stopped.append(n)


def stop(name):
    print('got', name)
    for task in asyncio.Task.all_tasks():
        task.cancel()


loop = asyncio.get_event_loop()
for name in ('SIGINT', 'SIGTERM'):
    loop.add_signal_handler(getattr(signal, name), stop, name)
tasks = asyncio.gather(worker(1), worker(2))
loop.call_later(0.02, os.kill, os.getpid(), signal.SIGTERM)
try:
    loop.run_until_complete(tasks)
finally:
    loop.close()
print('closed', sorted(stopped))
