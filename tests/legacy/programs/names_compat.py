# Python 3.6
import asyncio
from asyncio import compat

print(compat.PY34, compat.PY35, asyncio.compat.PY352)
print(compat.flatten_list_bytes([b'a', memoryview(b'b')]))
loop = asyncio.SelectorEventLoop(asyncio.selectors.SelectSelector())
print(loop.run_until_complete(asyncio.sleep(0, 'selected', loop=loop)))
loop.close()
