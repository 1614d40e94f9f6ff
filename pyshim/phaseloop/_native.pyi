"""Types of the native core. Use the package phaseloop, not this module."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterable, Iterator
from contextvars import Context
from typing import Any, Literal, TypeVar, final

from typing_extensions import disjoint_base

_T = TypeVar("_T")

class Future(asyncio.Future[_T]):
    def __init__(self, *, loop: asyncio.AbstractEventLoop | None = None) -> None: ...

@disjoint_base
class Task(Future[_T], asyncio.Task[_T]):
    if sys.version_info >= (3, 12):
        def __init__(
            self,
            coro: Generator[Any, None, _T] | Coroutine[Any, Any, _T],
            *,
            loop: asyncio.AbstractEventLoop | None = None,
            name: object = None,
            context: Context | None = None,
            eager_start: bool = False,
        ) -> None: ...
    else:
        def __init__(
            self,
            coro: Generator[Any, None, _T] | Coroutine[Any, Any, _T],
            *,
            loop: asyncio.AbstractEventLoop | None = None,
            name: object = None,
            context: Context | None = None,
        ) -> None: ...

@final
class Handle(asyncio.Handle): ...

@final
class TimerHandle(asyncio.TimerHandle): ...

@disjoint_base
class Loop:
    _closed: bool
    _stopping: bool
    _thread_id: int | None
    _debug: bool
    _task_factory: Callable[..., Any] | None
    def call_soon(
        self, callback: Callable[..., object], /, *args: Any, context: Context | None = None
    ) -> Handle: ...
    def call_soon_threadsafe(
        self, callback: Callable[..., object], /, *args: Any, context: Context | None = None
    ) -> asyncio.Handle: ...
    def call_later(
        self,
        delay: float,
        callback: Callable[..., object],
        /,
        *args: Any,
        context: Context | None = None,
    ) -> TimerHandle: ...
    def call_at(
        self,
        when: float,
        callback: Callable[..., object],
        /,
        *args: Any,
        context: Context | None = None,
    ) -> TimerHandle: ...
    def time(self) -> float: ...
    def create_future(self) -> Future[Any]: ...
    def create_task(
        self,
        coro: Generator[Any, None, _T] | Coroutine[Any, Any, _T],
        *,
        name: object = None,
        context: Context | None = None,
        eager_start: bool = ...,
    ) -> Task[_T]: ...
    def is_running(self) -> bool: ...
    def is_closed(self) -> bool: ...
    def stop(self) -> None: ...
    def _run_once(self) -> None: ...
    def _new_handle(
        self, callback: Callable[..., object], /, *args: Any, context: Context | None = None
    ) -> Handle: ...
    def _schedule_handle(self, handle: Handle, /) -> None: ...
    def _watch_reader(self, fd: int, handle: Handle, /) -> None: ...
    def _watch_writer(self, fd: int, handle: Handle, /) -> None: ...
    def _unwatch_reader(self, fd: int, /) -> bool: ...
    def _unwatch_writer(self, fd: int, /) -> bool: ...
    def _watch_signal_pipe(self, fd: int, handle: Handle, /) -> None: ...
    def _release_io(self) -> None: ...
    def _after_fork_in_child(self) -> None: ...

def sleep(delay: float, result: _T = ...) -> Coroutine[Any, Any, _T]: ...
def gather(
    *coros_or_futures: Awaitable[Any], return_exceptions: bool = False
) -> asyncio.Future[list[Any]]: ...
def wait(
    fs: Iterable[asyncio.Future[_T]],
    *,
    timeout: float | None = None,
    return_when: Literal["FIRST_COMPLETED", "FIRST_EXCEPTION", "ALL_COMPLETED"] = "ALL_COMPLETED",
) -> Coroutine[Any, Any, tuple[set[asyncio.Future[_T]], set[asyncio.Future[_T]]]]: ...
def as_completed(
    fs: Iterable[Awaitable[_T]], *, timeout: float | None = None
) -> Iterator[Coroutine[Any, Any, _T]]: ...
def unfinished_tasks() -> list[Task[Any]]: ...
def list_tasks_with(show: Callable[[], object] | None, /) -> None: ...
