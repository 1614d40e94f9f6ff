"""Event loop policies on a CPython that has none any more, as 3.16 will be."""

import subprocess
import sys

import pytest

# asyncio.events as 3.16 has it, as far as it is known: loops are made by a function, and the
# current one is a variable of each thread.
WITHOUT_POLICIES = """
import asyncio, threading, warnings
from asyncio import events
warnings.simplefilter("ignore")
import phaseloop

for module in (asyncio, events):
    for name in list(vars(module)):
        if "policy" in name.lower():
            delattr(module, name)
    if hasattr(module, "__getattr__"):
        del module.__getattr__

local = threading.local()

def get_event_loop():
    loop = events._get_running_loop() or getattr(local, "loop", None)
    if loop is None:
        raise RuntimeError("There is no current event loop in this thread.")
    return loop

def set_event_loop(loop):
    local.loop = loop

def new_event_loop():
    return asyncio.SelectorEventLoop()

for module in (asyncio, events):
    module.get_event_loop = get_event_loop
    module.set_event_loop = set_event_loop
    module.new_event_loop = new_event_loop
"""
PROGRAM = """
from phaseloop import legacy
legacy.enable()

class Policy(asyncio.DefaultEventLoopPolicy):
    def new_event_loop(self):
        print("a new loop")
        return super().new_event_loop()

async def main():
    await asyncio.sleep(0)
    return asyncio.get_event_loop() is asyncio.get_running_loop()

asyncio.set_event_loop_policy(Policy())
assert isinstance(asyncio.get_event_loop_policy(), asyncio.AbstractEventLoopPolicy)
loop = asyncio.get_event_loop()
print(loop.run_until_complete(main()), asyncio.get_event_loop() is loop)
print(loop.run_until_complete(asyncio.ensure_future(main())))
loop.close()
asyncio.set_event_loop_policy(None)
asyncio.set_event_loop(asyncio.new_event_loop())
print(asyncio.get_event_loop().run_until_complete(main()))
asyncio.get_event_loop().close()
print(asyncio.run(main()))
try:
    asyncio.get_event_loop()
except RuntimeError as error:
    print(error)
try:
    asyncio.set_event_loop_policy(5)
except TypeError as error:
    print(error)
try:
    asyncio.set_event_loop(5)
except TypeError as error:
    print(error)

legacy.disable()
print(asyncio.get_event_loop is get_event_loop, hasattr(asyncio, "get_event_loop_policy"))
warnings.simplefilter("error")
legacy.enable()
try:
    asyncio.get_event_loop_policy()
except DeprecationWarning as warning:
    print(warning)
"""
PRINTED = """\
a new loop
True True
True
True
True
There is no current event loop in thread 'MainThread'.
a policy or None is expected, got 5
an event loop or None is expected, got 5
True False
asyncio.get_event_loop_policy() ended with Python 3.16. Today: asyncio.run(main(), loop_factory=…)
"""


@pytest.mark.skipif(sys.version_info < (3, 14), reason="3.16 is made out of what 3.14 has")
def test_policies_come_back():
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_POLICIES + PROGRAM], capture_output=True, text=True
    )
    assert (done.stderr, done.stdout) == ("", PRINTED)
