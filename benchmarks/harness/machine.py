"""What a result must say about where it was taken."""

import os
import platform
import sysconfig
from datetime import UTC, datetime
from pathlib import Path

from harness.runtimes import RIVALS, versions


def facts():
    """Machine, kernel, interpreter and versions, as a dictionary of texts and numbers."""
    return {
        "taken": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": _processor(),
        "machine": platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "virtual": "hypervisor" in Path("/proc/cpuinfo").read_text(),
        "kernel": platform.release(),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "compiler": platform.python_compiler(),
        "build": _build(),
        "versions": {rival.name: versions(rival) for rival in RIVALS if versions(rival)},
    }


def sentence(facts):
    """The facts in one line."""
    kind = "virtual machine" if facts["virtual"] else "machine"
    return (
        f"CPython {facts['python']} ({facts['build']}), Linux {facts['kernel']}, "
        f"{facts['processor']}, {kind} with {facts['cores']} cores, load {facts['load']} before"
    )


def _processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith(("model name", "CPU part")):
            return line.partition(":")[2].strip()
    return "unknown processor"


def _build():
    """How the interpreter was optimised: it decides what everything is compared with."""
    options = " ".join(
        str(sysconfig.get_config_var(name) or "")
        for name in ("CONFIG_ARGS", "PY_CFLAGS", "PY_CORE_CFLAGS", "PY_CFLAGS_NODIST")
    )
    found = [
        name
        for name, marks in (
            ("PGO", ("--enable-optimizations", "-fprofile-use")),
            ("LTO", ("--with-lto", "-flto")),
        )
        if any(mark in options for mark in marks)
    ]
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        found.append("free-threaded")
    return ", ".join(found) or "no PGO"
