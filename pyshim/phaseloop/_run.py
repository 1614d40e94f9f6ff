"""run(): asyncio.run() on a phaseloop loop."""

import asyncio

from ._loop import new_event_loop


def run(main, *, debug=None):
    """Run the coroutine `main` on a new loop and return its result, as asyncio.run() does.

    `debug` sets the loop's debug mode; None leaves it to the interpreter. Raises RuntimeError if a
    loop is running in this thread.
    """
    if asyncio._get_running_loop() is not None:
        raise RuntimeError("asyncio.run() cannot be called from a running event loop")
    with asyncio.Runner(debug=debug, loop_factory=new_event_loop) as runner:
        return runner.run(main)
