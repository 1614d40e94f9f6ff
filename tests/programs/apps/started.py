"""How the programs of this folder are started: as the first argument of the command line says.

Everything else in them is as it would be in anyone's program.
"""

import asyncio
import os
import sys


def run(main):
    """asyncio.run(main(arguments…)), on phaseloop."""
    told, *arguments = sys.argv[1:]
    if told == "installed":
        import phaseloop

        phaseloop.install()
    if told == "loop factory":
        import phaseloop

        with asyncio.Runner(loop_factory=phaseloop.new_event_loop) as runner:
            runner.run(checked(main, arguments))
    else:
        asyncio.run(checked(main, arguments))


async def checked(main, arguments):
    loop = asyncio.get_running_loop()
    # A busy machine must not look like an error of the program in development mode.
    loop.slow_callback_duration = 60
    stock = bool(os.environ.get("PHASELOOP_STOCK"))
    assert loop_name().startswith("asyncio" if stock else "phaseloop"), loop
    await main(*arguments)


def loop_name():
    """The package that the running loop comes from."""
    return type(asyncio.get_running_loop()).__module__.partition(".")[0]


async def run_all(*parts):
    """Run the parts of a program one after the other; say each that succeeded."""
    for part in parts:
        async with asyncio.timeout(60):
            await part()
        print(part.__name__)
    left = asyncio.all_tasks() - {asyncio.current_task()}
    assert not left, left
