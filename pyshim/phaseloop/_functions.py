"""asyncio's functions, natively: each answers as the one whose place it takes when it is asked."""

import dis
import types

from . import _callbacks, _native, _places, _stock

futures, tasks, timeouts = map(_stock.Module, ("futures", "tasks", "timeouts"))

_native.set_classes(
    shown_callbacks=_callbacks.shown,
    place_code=_places.code,
    place_frame=_places.frame,
    place_awaits=_places.awaits,
    place_sleeping_zero=_places.sleeping_zero,
    place_trace=_places.trace,
    place_raised=_places.raised,
)

as_completed = _native.function("as_completed", tasks.as_completed)
create_task = _native.function("create_task", tasks.create_task)


def _eager_task_factory(loop, coro, *, name=None, context=None):
    """Make a task whose first step is taken at once, for loop.set_task_factory()."""
    raise TypeError(f"a coroutine and a phaseloop loop are expected, got {coro!r}, {loop!r}")


def _with_task(stock):
    """asyncio's function, with our Task in its closure where it has asyncio's: programs take the
    constructor out of there, and calls that are not plain go there.
    """
    if not isinstance(stock, types.FunctionType):
        return stock
    cells = tuple(
        types.CellType(_native.Task if cell.cell_contents is tasks.Task else cell.cell_contents)
        for cell in stock.__closure__ or ()
    )
    return _copied(stock, cells)


def _copied(function, cells):
    """The same function with another closure."""
    copy = types.FunctionType(
        function.__code__, function.__globals__, function.__name__, function.__defaults__, cells
    )
    copy.__kwdefaults__ = function.__kwdefaults__
    copy.__qualname__ = function.__qualname__
    copy.__doc__ = function.__doc__
    return copy


eager_task_factory = _native.function(
    "eager_task_factory",
    _with_task(_stock.get(tasks, "eager_task_factory") or _eager_task_factory),
)
_native.set_classes(eager_task_factory=eager_task_factory)
ensure_future = _native.function("ensure_future", tasks.ensure_future)
gather = _native.function("gather", tasks.gather)


class _GatheringKind(type):
    """The class of a class whose instances those of the native one are, too."""

    def __instancecheck__(cls, instance):
        return type(instance) is _native._GatheringFuture or super().__instancecheck__(instance)


def _says_super(value):
    return getattr(getattr(value, "__code__", None), "co_freevars", ()) == ("__class__",)


def _gathering_future(stock):
    """asyncio's class for what gather() returns, but a Future of ours: asyncio's gather() makes it
    where the native one is not to be had, outside of tasks first of all.
    """
    cell = types.CellType()
    namespace = {
        name: _copied(value, (cell,)) if _says_super(value) else value
        for name, value in vars(stock).items()
        if name not in ("__dict__", "__weakref__")
    }
    cell.cell_contents = _GatheringKind(stock.__name__, (_native.Future,), namespace)
    return cell.cell_contents


_GatheringFuture = _gathering_future(tasks._GatheringFuture)


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
