"""Native classes, with the types of asyncio's own."""

from asyncio import (
    Barrier as Barrier,
)
from asyncio import (
    BoundedSemaphore as BoundedSemaphore,
)
from asyncio import (
    Condition as Condition,
)
from asyncio import (
    Event as Event,
)
from asyncio import (
    LifoQueue as LifoQueue,
)
from asyncio import (
    Lock as Lock,
)
from asyncio import (
    PriorityQueue as PriorityQueue,
)
from asyncio import (
    Queue as Queue,
)
from asyncio import (
    Semaphore as Semaphore,
)
from asyncio import (
    TaskGroup as TaskGroup,
)
from asyncio import (
    Timeout as Timeout,
)
