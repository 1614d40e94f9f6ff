"""Types of the native core. Use the package phaseloop, not this module."""

import asyncio
import socket
import sys
from collections.abc import Callable, Coroutine, Generator, Iterable
from contextvars import Context
from types import CodeType, FrameType
from typing import Any, Self, TypeVar, final

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
    @property
    def _stock(self) -> bool: ...
    @property
    def _native(self) -> bool: ...
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
    def _run_natively(self, until_stopped: bool, /) -> None: ...
    def _class_version(self) -> int | None: ...
    def _trust(
        self, version: int, overrides_create_future: bool, overrides_create_task: bool, /
    ) -> None: ...
    def _look_again_soon(self) -> None: ...
    def _ready_handles(self) -> list[asyncio.Handle]: ...
    def _timer_handles(self) -> list[asyncio.TimerHandle]: ...
    def _hand_over(
        self,
        ready: list[asyncio.Handle],
        timers: list[asyncio.TimerHandle],
        watched: list[tuple[Any, asyncio.Handle | None, asyncio.Handle | None]],
        /,
    ) -> None: ...
    def _enter_stock_mode(self) -> None: ...
    def _serve_native(self) -> None: ...
    def _poller_descriptor(self) -> int: ...
    def _advance_time(self, seconds: float, /) -> None: ...
    def _watched_descriptors(self) -> list[int]: ...
    def _new_handle(
        self, callback: Callable[..., object], /, *args: Any, context: Context | None = None
    ) -> Handle: ...
    def _schedule_handle(self, handle: asyncio.Handle, /) -> None: ...
    def _watch_reader(self, fd: int, file: Any, handle: Handle, /) -> None: ...
    def _watch_writer(self, fd: int, file: Any, handle: Handle, /) -> None: ...
    def _watched_descriptor(self, file: Any, /) -> int: ...
    def _unwatch_reader(self, fd: int, /) -> bool: ...
    def _unwatch_writer(self, fd: int, /) -> bool: ...
    def _release_io(self) -> None: ...
    def _after_fork_in_child(self) -> None: ...

# The native part of asyncio's class of that name.
@disjoint_base
class LockCore:
    _loop: Any
    _waiters: Any
    _locked: bool

@disjoint_base
class EventCore:
    _loop: Any
    _waiters: Any
    _value: bool

@disjoint_base
class SemaphoreCore:
    _loop: Any
    _waiters: Any
    _value: int

@disjoint_base
class ConditionCore:
    _loop: Any
    _waiters: Any
    _lock: Any

@disjoint_base
class BarrierCore:
    _cond: Any
    _parties: Any
    _state: Any
    _count: int

@disjoint_base
class QueueCore:
    _loop: Any
    _maxsize: Any
    _getters: Any
    _putters: Any
    _finished: Any
    _queue: Any
    _unfinished_tasks: int
    _is_shutdown: bool

@disjoint_base
class TimeoutCore:
    _state: Any
    _when: Any
    _task: Any
    _cancelling: Any
    _timeout_handler: Any

@disjoint_base
class TaskGroupCore:
    _loop: Any
    _parent_task: Any
    _tasks: Any
    _on_completed_fut: Any
    _entered: bool
    _exiting: bool
    _aborting: bool

@disjoint_base
class StreamReaderCore:
    _loop: Any
    _limit: Any
    _buffer: Any
    _eof: bool
    _waiter: Any
    _exception: Any
    _transport: Any
    _paused: bool

@disjoint_base
class FlowControlCore:
    _loop: Any
    _paused: bool
    _drain_waiters: Any
    _connection_lost: bool

@disjoint_base
class StreamReaderProtocolCore(FlowControlCore):
    _stream_reader_wr: Any
    _strong_reader: Any
    _stream_writer: Any
    _client_connected_cb: Any
    _reject_connection: bool
    _over_ssl: bool
    _transport: Any
    _task: Any
    _closed: Any

@disjoint_base
class StreamWriterCore:
    _transport: Any
    _protocol: Any
    _reader: Any
    _loop: Any
    _complete_fut: Any

@disjoint_base
class StreamTransport(asyncio.Transport):
    def __new__(
        cls,
        loop: Loop,
        sock: socket.socket,
        protocol: asyncio.BaseProtocol,
        waiter: asyncio.Future[None] | None = None,
        extra: dict[str, Any] | None = None,
        server: asyncio.AbstractServer | None = None,
        context: Context | None = None,
    ) -> Self: ...
    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None: ...
    def write(self, data: bytes | bytearray | memoryview) -> None: ...
    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None: ...

@disjoint_base
class DatagramTransport(asyncio.Transport):
    def __new__(
        cls,
        loop: Loop,
        sock: socket.socket,
        protocol: asyncio.BaseProtocol,
        address: Any = None,
        waiter: asyncio.Future[None] | None = None,
        extra: dict[str, Any] | None = None,
    ) -> Self: ...
    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None: ...
    def sendto(self, data: bytes | bytearray | memoryview, addr: Any = None) -> None: ...

@final
class Listener:
    def __new__(
        cls,
        loop: Loop,
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        sock: socket.socket,
        server: asyncio.AbstractServer | None,
        backlog: int,
        context: Context | None = None,
    ) -> Self: ...
    def resume(self) -> None: ...
    def stop(self) -> None: ...

def numeric_address(
    host: Any, port: Any, family: Any, type: Any, proto: Any, flags: Any, /
) -> tuple[str, int] | tuple[str, int, int, int] | None: ...
def function(name: str, stock: _T, otherwise: Callable[..., Any] | None = None) -> _T: ...
def set_task_attribute(name: str, value: Any = ..., /) -> None: ...
def take_for_coroutines(iscoroutine: Callable[[Any], bool], /) -> None: ...
def set_classes(**classes: type) -> None: ...
def new_frame(code: CodeType, globals: dict[str, Any], /) -> FrameType: ...
def signal_came() -> None: ...
def unfinished_tasks() -> list[Task[Any]]: ...
def list_tasks_with(show: Callable[[], object] | None, /) -> None: ...

version: str
poller: str
