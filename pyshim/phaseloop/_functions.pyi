"""Native functions, with the types of asyncio's own."""

import asyncio
import sys
from asyncio import (
    as_completed as as_completed,
    create_task as create_task,
    ensure_future as ensure_future,
    gather as gather,
    run_coroutine_threadsafe as run_coroutine_threadsafe,
    shield as shield,
    sleep as sleep,
    timeout as timeout,
    timeout_at as timeout_at,
    wait as wait,
    wait_for as wait_for,
    wrap_future as wrap_future,
)

if sys.version_info >= (3, 12):
    from asyncio import eager_task_factory as eager_task_factory
else:
    from collections.abc import Coroutine, Generator
    from contextvars import Context
    from typing import Any, TypeVar

    _T = TypeVar("_T")

    def eager_task_factory(
        loop: asyncio.AbstractEventLoop,
        coro: Generator[Any, None, _T] | Coroutine[Any, Any, _T],
        *,
        name: str | None = None,
        context: Context | None = None,
    ) -> asyncio.Task[_T]: ...
