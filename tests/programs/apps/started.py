"""How the programs of this folder are started: in the way that -X started=… says.

Everything else in them is as it would be in anyone's program.
"""

import asyncio
import os
import sys

way = sys._xoptions.get("started")
if way == "installed":
    import phaseloop

    phaseloop.install()


def run(main):
    """asyncio.run(main()), on phaseloop."""
    if way == "loop factory":
        import phaseloop

        with asyncio.Runner(loop_factory=phaseloop.new_event_loop) as runner:
            runner.run(main())
    else:
        asyncio.run(main())


def run_all(*parts):
    """Run the parts of a program, coroutine functions, in turn; say which, and at last "done"."""

    async def main():
        assert loop_name() == ("asyncio" if os.environ.get("PHASELOOP_STOCK") else "phaseloop")
        for part in parts:
            async with asyncio.timeout(60):
                await part()
            print(part.__name__)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, left

    run(main)
    print("done")


def loop_name():
    """The package that the running loop comes from."""
    return type(asyncio.get_running_loop()).__module__.partition(".")[0]
