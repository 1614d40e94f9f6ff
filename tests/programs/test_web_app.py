"""examples/web_app.py, started as it says."""

import json
import sys
import urllib.request
from pathlib import Path

import pytest
from process import NOTICING, PATIENCE, STOCK, tool
from servers import free_ports
from sites import LOGGED

pytestmark = pytest.mark.skipif(STOCK, reason="it is about phaseloop")

EXAMPLES = Path(__file__).parents[2] / "examples"


def answer_of(command, start):
    (port,) = free_ports(1)
    server = start([*command, "--port", port], quiet=LOGGED)
    server.wait_for("Uvicorn running on")
    url = f"http://127.0.0.1:{port}/?seconds=0.01"
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
        said = json.load(answer)
    server.stop()
    return said


def test_by_uvicorns_command(start):
    (line,) = (
        each.split()
        for each in (EXAMPLES / "web_app.py").read_text().splitlines()
        if each.startswith("    uvicorn ")
    )
    name, *words = line
    words[words.index("--app-dir") + 1] = str(EXAMPLES)
    command = tool(name, *words)
    assert answer_of(command, start) == {"slept": 0.01, "loop": "phaseloop._loop.Loop"}


def test_by_itself(start):
    command = [sys.executable, *NOTICING, EXAMPLES / "web_app.py"]
    assert answer_of(command, start) == {"slept": 0.01, "loop": "phaseloop._loop.Loop"}
