"""run(): asyncio.run() on a phaseloop loop."""

from . import _stock
from ._loop import new_event_loop

_events, _runners = map(_stock.Module, ("events", "runners"))

_takes_loop_factory = "loop_factory" in _stock.takes(_runners.run)  # from 3.12 on


def run(main, *, loop_factory=new_event_loop, debug=None, **run_kwargs):
    """Run the coroutine `main` on a new loop and return its result, as asyncio.run() does.

    loop_factory: what makes the loop; None is new_event_loop, too. `debug` sets the loop's debug
    mode; None leaves it to the interpreter. Other keyword arguments are for asyncio.run(), if it
    takes them. Raises RuntimeError if a loop is running in this thread.
    """
    loop_factory = loop_factory or new_event_loop
    if _takes_loop_factory:
        return _runners.run(main, debug=debug, loop_factory=loop_factory, **run_kwargs)
    for name in run_kwargs:
        raise TypeError(f"run() got an unexpected keyword argument {name!r}")
    if _events._get_running_loop() is not None:
        raise RuntimeError("asyncio.run() cannot be called from a running event loop")
    with _runners.Runner(debug=debug, loop_factory=loop_factory) as runner:
        return runner.run(main)
