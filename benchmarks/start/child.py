"""One sample of the start plane: child.py RUNS COMMAND..., a Sample printed as a JSON object.

The first run is not counted: it writes the byte code and fills the page cache.
"""

import json
import resource
import subprocess
import sys
import time


def children_cpu():
    """Processor time of all children that have ended, seconds."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main():
    runs, command = int(sys.argv[1]), sys.argv[2:]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        print(json.dumps({"absent": done.stderr.strip().splitlines()[-1]}))
        return
    cpu, start = children_cpu(), time.perf_counter()
    for _ in range(runs):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    wall = time.perf_counter() - start
    print(json.dumps({
        "operations": runs,
        "wall": wall,
        "cpu": children_cpu() - cpu,
        "memory": 1024 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss,
        "extra": {},
    }))  # fmt: skip


if __name__ == "__main__":
    main()
