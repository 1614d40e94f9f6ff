import asyncio
import sys
import warnings

warnings.simplefilter('ignore')
loop = asyncio.SelectorEventLoop()
asyncio.set_event_loop(loop)
watcher = asyncio.SafeChildWatcher()
watcher.attach_loop(loop)
asyncio.set_child_watcher(watcher)
print(asyncio.get_child_watcher() is watcher, isinstance(watcher, asyncio.AbstractChildWatcher))


async def run():
    process = await asyncio.create_subprocess_exec(
        sys.executable, '-c', 'print(6 * 7)', stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    print(out.decode().strip(), process.returncode)


loop.run_until_complete(run())
asyncio.set_child_watcher(None)
loop.close()
