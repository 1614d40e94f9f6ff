from asyncio import AbstractEventLoop
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")

def run(
    main: Coroutine[Any, Any, _T],
    *,
    loop_factory: Callable[[], AbstractEventLoop] | None = ...,
    debug: bool | None = None,
    **run_kwargs: Any,
) -> _T: ...
