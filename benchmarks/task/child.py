"""One sample of the task plane, in a process of its own: child.py ROW SETUP COUNT.

SETUP is "module:function", a function that makes a loop, or "floor". The last line printed is a
JSON object: a Sample, or {"absent": reason}.
"""

import gc
import importlib
import json
import sys
import time

WARM_UP_SHARE = 10  # this part of the operations is done before the clock is read


def peak_memory():
    """The peak resident size of this process, bytes. (getrusage's counts the parent's too.)"""
    with open("/proc/self/status") as status:
        return 1024 * next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


def on_loop(setup):
    """A function that runs a coroutine on a loop made by `setup`."""
    module, _, function = setup.partition(":")
    loop = getattr(importlib.import_module(module), function)()
    import asyncio

    asyncio.set_event_loop(loop)
    return loop.run_until_complete


def measure(row, setup, count):
    """A Sample as a dictionary."""
    work, run = row.run, None
    if setup == "floor":
        work = row.floor
    else:
        run = on_loop(setup)
    do = (lambda n: run(work(n))) if run else work
    do(max(1, count // WARM_UP_SHARE))
    gc.collect()
    cpu, start = time.process_time(), time.perf_counter()
    extra = do(count)
    wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    extra = extra or {}
    operations = extra.pop("operations", count)
    return {
        "operations": operations,
        "wall": wall,
        "cpu": cpu,
        "memory": peak_memory(),
        "extra": extra,
    }


def main():
    name, setup, count = sys.argv[1:]
    from task.workloads import ROWS  # here: what a row's module imports is not its name's fault

    try:
        found = measure(ROWS[name], setup, int(count))
    except (NotImplementedError, AttributeError) as missing:
        # What a loop lacks is a fact about it, for the table; anything else is an error.
        found = {"absent": f"{type(missing).__name__}: {missing}"}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
