"""Ask several services at once; the first that fails ends the others.

python3 examples/fan_out.py [--fail]
"""

import argparse
import asyncio

import phaseloop


async def ask(name, seconds, fails=False):
    """A service that takes its time. Put your own call in its place."""
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        print(name, "was cancelled")
        raise
    if fails:
        raise ConnectionError(f"{name} does not answer")
    return f"{name} after {seconds} s"


async def main(fail):
    try:
        # The group waits for all of its tasks. If one fails, it cancels the others and raises.
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(ask("prices", 0.03)),
                group.create_task(ask("stock", 0.01, fails=fail)),
                group.create_task(ask("reviews", 0.02)),
            ]
    except* ConnectionError as failures:
        print("failed:", *failures.exceptions)
    else:
        for task in tasks:
            print(task.result())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Ask several services at once.")
    parser.add_argument("--fail", action="store_true", help="have one of them fail")
    phaseloop.run(main(parser.parse_args().fail))
