"""One process for each runtime, started when the first program is run on it."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))


class Server:
    """harness.py on one runtime, answering requests."""

    def __init__(self, runtime):
        self.runtime = runtime
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "harness.py"), runtime],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
        )
        assert self.process.stdout.readline() == "ready\n", self._complaints(0)

    def transcript(self, name):
        """The lines of a program. Fails the test if it crashed or hung, with what it said."""
        before = self.errors.seek(0, 2)
        print(name, file=self.process.stdin, flush=True)
        answer = json.loads(self.process.stdout.readline() or '{"status": "the server died"}')
        if "lines" not in answer:
            complaints = self._complaints(before)
            pytest.fail(f"{name} on {self.runtime}: {answer['status']}\n{complaints}")
        return answer["lines"]

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.errors.close()

    def _complaints(self, start):
        self.errors.seek(start)
        return self.errors.read()


@pytest.fixture(scope="session")
def run_on():
    """run_on(runtime, name): the program's transcript on that runtime."""
    servers = {}

    def run(runtime, name):
        if runtime not in servers:
            servers[runtime] = Server(runtime)
        return servers[runtime].transcript(name)

    yield run
    for server in servers.values():
        server.close()
