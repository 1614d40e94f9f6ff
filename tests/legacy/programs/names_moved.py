import asyncio
import asyncio.futures
from asyncio.streams import IncompleteReadError, LimitOverrunError

print(asyncio.futures.CancelledError is asyncio.CancelledError)
print(asyncio.futures.TimeoutError is asyncio.TimeoutError)
print(asyncio.futures.InvalidStateError is asyncio.InvalidStateError)
print(asyncio.base_futures.InvalidStateError is asyncio.InvalidStateError)
print(IncompleteReadError is asyncio.IncompleteReadError)
print(LimitOverrunError is asyncio.LimitOverrunError)
print(asyncio.events.SendfileNotAvailableError is asyncio.SendfileNotAvailableError)
print(asyncio.coroutine is asyncio.coroutines.coroutine is asyncio.tasks.coroutine)
try:
    asyncio.no_such_name
except AttributeError as error:
    print(error)
