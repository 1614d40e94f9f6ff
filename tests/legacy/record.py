#!/usr/bin/env python3
"""Writes what the programs print where they come from, the CPythons of their time.

record.py PYTHON3.7 PYTHON3.6 [PROGRAM…]

The second interpreter is for those that say `# Python 3.6` in their first line: 3.7 has made a
keyword of what they use, or taken it away.
"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def record(program, pythons):
    source = program.read_text()
    python = pythons[1] if source.startswith("# Python 3.6\n") else pythons[0]
    done = subprocess.run([python, "-B", program], capture_output=True, timeout=60)
    if done.returncode:
        sys.exit(f"{program.name}: status {done.returncode}\n{done.stderr.decode()}")
    (HERE / "expected" / f"{program.stem}.txt").write_bytes(done.stdout)


def main():
    *pythons, names = sys.argv[1], sys.argv[2], sys.argv[3:]
    (HERE / "expected").mkdir(exist_ok=True)
    for program in sorted((HERE / "programs").glob("*.py")):
        if not names or program.stem in names:
            record(program, pythons)


if __name__ == "__main__":
    main()
