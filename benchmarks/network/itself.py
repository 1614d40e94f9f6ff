#!/usr/bin/env python3
"""What one runtime does without a load from outside; measured in its own interpreter.

    itself.py spawn|pipe|lookup --setup MODULE:FUNCTION --seconds S --warmup S

Prints one line of JSON, with "absent" and the reason if the loop can't.
"""

import argparse
import asyncio
import json
import resource
import socket
import sys
import time
from asyncio.subprocess import PIPE
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])

from network.kinds import Lacking, runner_on  # noqa: E402

MESSAGE = bytes(range(256)) * 4


async def spawn(until):
    """/bin/true started and waited for, one after the other."""
    count = 0
    while time.perf_counter() < until:
        process = await asyncio.create_subprocess_exec("/bin/true")
        if await process.wait() != 0:
            raise RuntimeError("/bin/true failed")
        count += 1
    return count


async def pipe(until):
    """1 KiB to a cat and back again, one after the other."""
    process = await asyncio.create_subprocess_exec("cat", stdin=PIPE, stdout=PIPE)
    try:
        count = 0
        while time.perf_counter() < until:
            process.stdin.write(MESSAGE)
            await process.stdin.drain()
            if await process.stdout.readexactly(len(MESSAGE)) != MESSAGE:
                raise RuntimeError("cat gave back something else")
            count += 1
        return count
    finally:
        process.stdin.close()
        await process.wait()


async def lookup(until):
    """getaddrinfo() of a numeric address."""
    loop, count = asyncio.get_running_loop(), 0
    while time.perf_counter() < until:
        for _ in range(100):
            found = await loop.getaddrinfo("192.0.2.1", 80, type=socket.SOCK_STREAM)
        if found[0][4] != ("192.0.2.1", 80):
            raise RuntimeError(f"getaddrinfo gave {found}")
        count += 100
    return count


WORKLOADS = {"spawn": spawn, "pipe": pipe, "lookup": lookup}


def cpu_time():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def try_process():
    """Raises Lacking if the loop can't start processes."""
    try:
        process = await asyncio.create_subprocess_exec("/bin/true")
    except (NotImplementedError, AttributeError) as missing:
        raise Lacking(f"subprocess_exec: {type(missing).__name__}") from missing
    await process.wait()


async def measure(workload, seconds, warmup):
    if workload is not lookup:
        await try_process()
    await workload(time.perf_counter() + warmup)
    cpu, start = cpu_time(), time.perf_counter()
    operations = await workload(start + seconds)
    return {
        "operations": operations,
        "wall": time.perf_counter() - start,
        "cpu": cpu_time() - cpu,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workload", choices=WORKLOADS)
    parser.add_argument("--setup", required=True)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--warmup", type=float, default=0.1)
    options = parser.parse_args()
    try:
        with runner_on(options.setup) as runner:
            workload = WORKLOADS[options.workload]
            report = runner.run(measure(workload, options.seconds, options.warmup))
    except Lacking as lacking:
        report = {"absent": str(lacking)}
    print(json.dumps(report))


if __name__ == "__main__":
    main()
