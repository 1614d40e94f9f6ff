"""asyncio's functions, natively: each answers as the one whose place it takes when it is asked."""

import dis

from . import _callbacks, _native, _stock

futures, tasks, timeouts = map(_stock.Module, ("futures", "tasks", "timeouts"))

_native.set_classes(shown_callbacks=_callbacks.shown)

as_completed = _native.function("as_completed", tasks.as_completed)
create_task = _native.function("create_task", tasks.create_task)


def _eager_task_factory(loop, coro, *, name=None, context=None):
    """Make a task whose first step is taken at once, for loop.set_task_factory()."""
    raise TypeError(f"a coroutine and a phaseloop loop are expected, got {coro!r}, {loop!r}")


eager_task_factory = _native.function(
    "eager_task_factory", _stock.get(tasks, "eager_task_factory") or _eager_task_factory
)
_native.set_classes(eager_task_factory=eager_task_factory)
ensure_future = _native.function("ensure_future", tasks.ensure_future)
gather = _native.function("gather", tasks.gather)


def _native_shield(stock):
    """shield(), if the one that is running has the callbacks that the native one stands for."""
    nested = _stock.nested(stock)
    clear, inner, outer = (
        "_clear_awaited_by_callback",
        "_inner_done_callback",
        "_outer_done_callback",
    )
    if set(nested) not in ({inner, outer}, {clear, inner, outer}):
        return stock
    # An exception that comes when nobody waits any more: some versions look at it, so that it is
    # never reported, and maintenance releases differ.
    uses = sum(step.argval == "exception" for step in dis.get_instructions(nested[inner]))
    _native.set_classes(shield_marks_seen=uses > 1)
    return _native.function("shield", stock)


shield = _native_shield(tasks.shield)
# Chained futures: newer maintenance releases save a hop where the loop is the one that is running.
_set_state = _stock.nested(futures._chain_future).get("_call_set_state")
_native.set_classes(chain_looks_at_running_loop="_get_running_loop" in _stock.names_in(_set_state))
run_coroutine_threadsafe = _native.function(
    "run_coroutine_threadsafe", tasks.run_coroutine_threadsafe
)
wrap_future = _native.function("wrap_future", futures.wrap_future)
sleep = _native.function("sleep", tasks.sleep)
timeout = _native.function("timeout", timeouts.timeout)
timeout_at = _native.function("timeout_at", timeouts.timeout_at)
wait = _native.function("wait", tasks.wait)
wait_for = _native.function("wait_for", tasks.wait_for)
