"""Native classes, with the types of asyncio's own."""

from asyncio import (
    Barrier as Barrier,
    BoundedSemaphore as BoundedSemaphore,
    Condition as Condition,
    Event as Event,
    LifoQueue as LifoQueue,
    Lock as Lock,
    PriorityQueue as PriorityQueue,
    Queue as Queue,
    Semaphore as Semaphore,
    TaskGroup as TaskGroup,
    Timeout as Timeout,
)
