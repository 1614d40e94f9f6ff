import asyncio
import warnings

warnings.simplefilter('ignore')
watcher = asyncio.SafeChildWatcher()
print(watcher.remove_child_handler(1))
for method in ('add_child_handler', 'remove_child_handler', 'attach_loop', 'close'):
    print(method, callable(getattr(asyncio.AbstractChildWatcher, method)))
watcher.close()
