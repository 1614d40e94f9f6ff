import asyncio
import os
import warnings

warnings.simplefilter('ignore')


def ended(pid, returncode, name):
    print(name, pid == children[name], returncode)
    del children[name]
    if not children:
        loop.stop()


def start(name, status):
    with watcher:
        pid = os.fork()
        if pid == 0:
            os._exit(status)
        children[name] = pid
        loop.call_soon(watcher.add_child_handler, pid, ended, name)


loop = asyncio.get_event_loop()
watcher = asyncio.SafeChildWatcher()
watcher.attach_loop(loop)
children = {}
for name, status in (('first', 0), ('second', 7)):
    start(name, status)
    loop.run_forever()
print(watcher.remove_child_handler(1))
watcher.close()
loop.close()
