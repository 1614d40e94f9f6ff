"""Fresh processes: where they run, and how their answer comes back."""

import contextlib
import json
import os
import signal
import subprocess

from harness.model import Absent

TIME_LIMIT = 300  # seconds; a sample takes about one


def cores():
    """The processor cores that this process may use, in order."""
    return sorted(os.sched_getaffinity(0))


def answer(command, *, core=None, variables=None, limit=TIME_LIMIT):
    """What the command prints as the last line, a JSON object, as a dictionary.

    core: the only one that it may run on; None: any. variables: added to its environment.
    Raises Absent if the object has "absent" in it, if the command fails, or if it takes longer than
    `limit` seconds.
    """
    process = subprocess.Popen(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(variables or {}),
        preexec_fn=None if core is None else lambda: os.sched_setaffinity(0, {core}),
        start_new_session=True,
    )
    try:
        printed, complaint = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        raise Absent(f"not finished after {limit:.0f} s") from None
    finally:
        _end(process)
    return _parse(process.returncode, printed, complaint)


def environment(extra):
    """Our environment variables, less what would change what is measured, and with `extra`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return kept | {"PYTHONHASHSEED": "0"} | extra


def _end(process):
    """Also what it started: nothing is left that would disturb the next sample."""
    with contextlib.suppress(ProcessLookupError):  # the usual case: all have ended
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _parse(status, printed, complaint):
    if status < 0:
        raise Absent(f"killed by {signal.Signals(-status).name}")
    lines = complaint.strip().splitlines()
    if status > 0:
        raise Absent(lines[-1] if lines else f"exit status {status}")
    found = json.loads(printed.splitlines()[-1])
    if "absent" in found:
        raise Absent(found["absent"])
    return found
