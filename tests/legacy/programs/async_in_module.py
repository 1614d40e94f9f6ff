# Python 3.6
import asyncio
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), 'beside'))
import old_module

print(asyncio.get_event_loop().run_until_complete(old_module.main()))
print(old_module.__name__, os.path.basename(old_module.__file__))
