import asyncio
import subprocess
import sys
import warnings

warnings.simplefilter('ignore')
loop = asyncio.get_event_loop()
policy = asyncio.get_event_loop_policy()
watcher = asyncio.SafeChildWatcher()
policy.set_child_watcher(watcher)
print(policy.get_child_watcher() is watcher)
asyncio.set_event_loop(loop)


def ended(pid, returncode):
    print('ended', pid == process.pid, returncode)
    loop.stop()


with watcher:
    process = subprocess.Popen([sys.executable, '-c', 'raise SystemExit(5)'])
    watcher.add_child_handler(process.pid, ended)
loop.run_forever()
try:
    policy.set_child_watcher(5)
except (AssertionError, TypeError):
    print('not a watcher')
policy.set_child_watcher(None)
process.returncode = 0
loop.close()
