"""Two programs with a pipe between them, as `sort FILES | uniq -c` in a shell, and what they print.

python3 examples/pipeline.py FILE...
"""

import argparse
import asyncio
import os

import phaseloop


async def main(files):
    receiving, sending = os.pipe()
    try:
        sort = await asyncio.create_subprocess_exec("sort", *files, stdout=sending)
        count = await asyncio.create_subprocess_exec(
            "uniq", "-c", stdin=receiving, stdout=asyncio.subprocess.PIPE
        )
    finally:
        # The children have copies. uniq sees the end only once every other copy is closed.
        os.close(sending)
        os.close(receiving)
    async for line in count.stdout:
        times, _, text = line.decode().strip().partition(" ")
        print(f"{times} x {text}")
    return max(await asyncio.gather(sort.wait(), count.wait()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Count how often each line occurs.")
    parser.add_argument("files", nargs="+", metavar="FILE")
    raise SystemExit(phaseloop.run(main(parser.parse_args().files)))
