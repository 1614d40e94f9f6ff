"""Which outputs the document allows for its four programs.

Programs start their phases in an order that the document calls unpredictable, and a set of results
has none. Everything else is fixed. Two outputs are equal if they are once what is free is sorted.
"""

import ast
import re

STARTED = re.compile(r"in phase ?\d$")
CANCELED = re.compile(r"phase \d canceled$")


def canonical(program, output):
    """The output with everything that is free in one fixed order. A list of lines."""
    lines = [line.replace("cancell", "cancel") for line in output.splitlines()]
    lines = _sort_runs(_sort_runs(lines, STARTED), CANCELED)
    if program == "asyncio_wait":
        lines = [_sort_results(line) for line in lines]
    return lines


def _sort_runs(lines, free):
    """Lines directly after one another that match `free`, sorted among themselves."""
    out, run = [], []
    for line in [*lines, None]:
        if line is not None and free.match(line):
            run.append(line)
            continue
        out += sorted(run)
        run = []
        out.append(line)
    return out[:-1]


def _sort_results(line):
    head, mark, results = line.partition("results: ")
    return f"{head}{mark}{sorted(ast.literal_eval(results))!r}" if mark else line
