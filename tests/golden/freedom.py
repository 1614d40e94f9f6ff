"""Which outputs the document allows for its four programs.

Phases start in an order that the document calls unpredictable, and a set of results has none.
Everything else is fixed: two outputs are equal if they are once what is free is sorted.
"""

import ast
import re

STARTED = re.compile(r"in phase ?\d$")
CANCELED = re.compile(r"phase \d canceled$")


def allows(program, printed, output):
    """Whether the document, which printed one output of the program, allows this one."""
    return canonical(program, output) == canonical(program, printed)


def canonical(program, output):
    """The output with everything that is free in one fixed order. A list of lines.

    The last is empty if the output ends with a line end, as it has to.
    """
    # The document spells the same word both ways; the program is the authority.
    lines = [line.replace("cancell", "cancel") for line in output.split("\n")]
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
    """The line with its list of results sorted, if it is the one that shows them."""
    if not line.startswith("results: "):
        return line
    try:
        results = ast.literal_eval(line.removeprefix("results: "))
    except (SyntaxError, ValueError):
        return line
    return f"results: {sorted(results)!r}"
