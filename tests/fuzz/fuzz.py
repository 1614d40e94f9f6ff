"""Runs hostile programs (hostile.py) one after the other until the time is up, each in a process.

    python tests/fuzz/fuzz.py [--seconds 3600] [--seed N] [--steps M] [--stock]

What counts is that none is killed by a signal, reported by a sanitizer, or never ends. For each
that does, the shortest list of steps that still does is printed, with the command that replays it.
"""

import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import time
from pathlib import Path

PROGRAM = Path(__file__).with_name("hostile.py")
STEPS = 300
# A program takes a second or two. On a loaded machine and under a sanitizer it takes its time, and
# what a run of its loop waits for ends after 5 s each.
PATIENCE = 240
SANITIZER_STATUS = 99
SHRINKING = 300  # seconds


class Outcome:
    """How a program ended."""

    def __init__(self, status, stderr):
        self.status = status
        self.stderr = stderr
        sanitizer = re.search(r"^.*(runtime error:|ERROR: AddressSanitizer).*$", stderr, re.M)
        if status is None:
            self.what = "never ends"
        elif sanitizer or status == SANITIZER_STATUS:
            self.what = sanitizer[0].strip() if sanitizer else "reported by a sanitizer"
        elif status < 0:
            self.what = f"killed by signal {-status}"
        else:
            self.what = None

    @property
    def kind(self):
        return re.sub(r"0x[0-9a-f]+|==\d+==", "", self.what or "")[:60]


def run(seed, steps, *arguments, patience=PATIENCE):
    command = [sys.executable, str(PROGRAM), "--seed", str(seed), "--steps", str(steps)]
    options = os.environ.get("ASAN_OPTIONS", "")
    environment = {**os.environ, "ASAN_OPTIONS": f"{options}:exitcode={SANITIZER_STATUS}"}
    child = subprocess.Popen(
        [*command, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment,
        start_new_session=True,
    )
    try:
        _, stderr = child.communicate(timeout=patience)
        return Outcome(child.returncode, stderr.decode(errors="replace"))
    except subprocess.TimeoutExpired:
        child.kill()
        _, stderr = child.communicate()
        return Outcome(None, stderr.decode(errors="replace"))


def shrink(seed, steps, outcome, *arguments):
    """The fewest steps, as far as that is found out in SHRINKING seconds, that fail alike."""
    until = time.monotonic() + SHRINKING
    patience = 20 if outcome.status is None else PATIENCE
    kept = list(range(steps))
    size = len(kept) // 2
    while size > 0:
        at = 0
        while at < len(kept) and time.monotonic() < until:
            fewer = kept[:at] + kept[at + size :]
            only = ",".join(map(str, fewer))
            again = run(seed, steps, "--only", only, *arguments, patience=patience)
            if again.what is not None and (again.status is None) == (outcome.status is None):
                kept = fewer
            else:
                at += size
        size //= 2
    return kept


def report(seed, steps, outcome, *arguments):
    kept = shrink(seed, steps, outcome, *arguments) if outcome.status is not None else None
    only = ["--only", ",".join(map(str, kept))] if kept else []
    command = ["python", "tests/fuzz/hostile.py", "--seed", str(seed), "--steps", str(steps)]
    traced = run(seed, steps, *only, "--trace", *arguments, patience=60)
    last = "\n".join(traced.stderr.splitlines()[-60:])
    replay = " ".join([*command, *only, "--trace", *arguments])
    return f"{outcome.what}\n{replay}\n{outcome.stderr[-6000:]}\n--- its last steps\n{last}"


def fuzz(seconds, seed, steps=STEPS, stock=False, found=print):
    """Runs programs from that seed on; tells `found` of each that fails. How many were run."""
    until = time.monotonic() + seconds
    arguments = ["--stock"] if stock else []
    ran = 0
    failures = {}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:

        def one(number):
            if time.monotonic() < until:
                return number, run(number, steps, *arguments)
            return number, None

        batch = (os.cpu_count() or 1) * 4
        while time.monotonic() < until:
            for number, outcome in pool.map(one, range(seed + ran, seed + ran + batch)):
                if outcome is not None and outcome.what is not None:
                    failures.setdefault(outcome.kind, (number, outcome))
            ran += batch
    for number, outcome in failures.values():
        found(report(number, steps, outcome, *arguments))
    return ran


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--stock", action="store_true", help="asyncio's own: what CPython dies of")
    options = parser.parse_args()
    findings = []
    ran = fuzz(options.seconds, options.seed, options.steps, options.stock, findings.append)
    print("\n\n".join(findings))
    print(f"{ran} programs, {len(findings)} kinds of failure")
    sys.exit(bool(findings))


if __name__ == "__main__":
    main()
