"""asyncio's functions, natively: each answers as the one whose place it takes when it is asked."""

from asyncio import tasks, timeouts

from . import _native

as_completed = _native.function("as_completed", tasks.as_completed)
create_task = _native.function("create_task", tasks.create_task)


def _eager_task_factory(loop, coro, *, name=None, context=None):
    """Make a task whose first step is taken at once, for loop.set_task_factory()."""
    raise TypeError(f"a coroutine and a phaseloop loop are expected, got {coro!r}, {loop!r}")


eager_task_factory = _native.function(
    "eager_task_factory", getattr(tasks, "eager_task_factory", _eager_task_factory)
)
_native.set_classes(eager_task_factory=eager_task_factory)
ensure_future = _native.function("ensure_future", tasks.ensure_future)
gather = _native.function("gather", tasks.gather)
sleep = _native.function("sleep", tasks.sleep)
timeout = _native.function("timeout", timeouts.timeout)
timeout_at = _native.function("timeout_at", timeouts.timeout_at)
wait = _native.function("wait", tasks.wait)
wait_for = _native.function("wait_for", tasks.wait_for)
