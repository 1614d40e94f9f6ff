"""What is measured, each in a virtual environment of the benchmark's own.

A rival is always the newest its registry has; `--refresh` asks again. One that will not install
stays in the table, by name and with the reason.
"""

import json
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from harness.model import Absent, Runtime

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / ".dev" / "bench"
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
SERVERS = ("uvicorn", "aiohttp")  # run by the network plane in every environment that takes them


@dataclass(frozen=True)
class Rival:
    """packages: to install. setup: as in Runtime. planes: where it takes part."""

    name: str
    packages: tuple[str, ...]
    setup: str
    planes: tuple[str, ...] = ("task", "network", "start")


RIVALS = (
    Rival("asyncio", (), "asyncio:new_event_loop"),
    Rival("uvloop", ("uvloop",), "uvloop:new_event_loop"),
    Rival("zuvloop", ("zuvloop",), "zuvloop:new_event_loop"),
    Rival("rsloop", ("rsloop",), "rsloop:new_event_loop"),
    Rival("rloop", ("rloop",), "rloop:new_event_loop"),
    Rival("fastnet", ("aiofastnet",), "network.fastnet:on_asyncio", ("network",)),
    Rival("fastnet+uvloop", ("aiofastnet", "uvloop"), "network.fastnet:on_uvloop", ("network",)),
    Rival("phaseloop", (), "harness.setups:phaseloop"),
)
NAMES = tuple(rival.name for rival in RIVALS)


def environment(rival, refresh=False):
    """The rival's Runtime, its environment made first if need be. Raises Absent."""
    home = HOME / VERSION / re.sub(r"\W", "_", rival.name)
    record = home / "state.json"
    if refresh or not record.exists():
        record.unlink(missing_ok=True)
        record.write_text(json.dumps(_make(home, rival)))
    state = json.loads(record.read_text())
    if "refused" in state:
        raise Absent(state["refused"])
    python = home / "bin" / "python"
    return Runtime(rival.name, python, rival.setup, _path(rival), planes=rival.planes)


def versions(rival):
    """{package: version} of what the rival's environment was made with. Empty before that."""
    record = HOME / VERSION / re.sub(r"\W", "_", rival.name) / "state.json"
    return json.loads(record.read_text()).get("versions", {}) if record.exists() else {}


def _path(rival):
    """What the processes measured import from: the benchmarks themselves, and our build."""
    build = [str(Path(path)) for path in sys.path if path.endswith("/python") and ".dev" in path]
    return ":".join([str(ROOT / "benchmarks"), *(build if rival.name == "phaseloop" else [])])


def _make(home, rival):
    home.mkdir(parents=True, exist_ok=True)
    _run([sys.executable, "-m", "venv", "--clear", home])
    python = home / "bin" / "python"
    for package in rival.packages:
        done = _pip(python, package)
        if done.returncode:
            return {
                "refused": f"{package} does not install on Python {VERSION}",
                "said": done.stdout,
            }
    if "network" in rival.planes:
        for package in SERVERS:  # absence is the HTTP rows' business: they say so
            _pip(python, package)
    if trouble := _trouble(python, rival):
        return {"refused": trouble}
    listed = _run([python, "-m", "pip", "list", "--format=json"]).stdout
    return {
        "versions": {entry["name"]: entry["version"] for entry in json.loads(listed)},
        "made": time.time(),
    }


def _trouble(python, rival):
    """Why the rival's package can't be imported, in a few words; empty if it can."""
    for package in rival.packages:
        done = _run([python, "-c", f"import {package}"], check=False)
        if done.returncode:
            return f"import {package}: {done.stdout.strip().splitlines()[-1]}"
    return ""


def _pip(python, package):
    return _run([python, "-m", "pip", "install", "--upgrade", "--quiet", package], check=False)


def _run(command, check=True):
    # Not from the repository: its pyproject.toml and folders are none of pip's business here.
    return subprocess.run(
        [str(part) for part in command],
        check=check,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if not check else None,
        cwd=tempfile.gettempdir(),
    )
