"""The examples of docs/PROGRAMS.md do what they say."""

import http.client
import re
import sys
from pathlib import Path

import pytest
from process import NOTICING, PATIENCE, STOCK, tool
from servers import free_ports
from sites import LOGGED

TEXT = (Path(__file__).parents[2] / "docs" / "PROGRAMS.md").read_text()

pytestmark = pytest.mark.skipif(STOCK, reason="they are about phaseloop")

IMPORTS = """
import asyncio
import phaseloop
import pytest

def loop_name():
    return type(asyncio.get_running_loop()).__module__.partition(".")[0]

async def main():
    await asyncio.sleep(0)
    print("on", loop_name())
"""


def blocks(section, language):
    """The examples of a section: in a language, or, with language "", command lines."""
    _, _, text = TEXT.partition(f"\n## {section}\n")
    text = text.partition("\n## ")[0]
    if language:
        return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
    return re.findall(r"^    (\S.*)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.M)


@pytest.fixture
def script(start, tmp_path):
    """script(text): what a program of that text, in a folder of its own, prints."""

    def script(text, *options):
        path = tmp_path / "program.py"
        path.write_text(IMPORTS + text)
        program = start([sys.executable, *NOTICING, *options, path])
        assert program.end() == 0, program
        return program.stdout

    return script


@pytest.mark.parametrize("number", [0, 1])
def test_asyncio(script, number):
    assert script(blocks("asyncio", "python")[number]) == "on phaseloop\n"


def test_anyio(script):
    (code,) = blocks("anyio", "python")
    assert script("import anyio\n" + code) == "on phaseloop\n"


def test_tornado(script):
    (code,) = blocks("Tornado", "python")
    install, start = code.splitlines()
    stopping = """
async def once():
    await main()
    tornado.ioloop.IOLoop.current().stop()

tornado.ioloop.IOLoop.current().add_callback(once)
"""
    assert script(f"import tornado.ioloop\n{install}\n{stopping}\n{start}\n") == "on phaseloop\n"


MODULE = f"""{IMPORTS}
from aiohttp import web

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({{"type": "lifespan.startup.complete"}})
        await receive()
        await send({{"type": "lifespan.shutdown.complete"}})
        return
    await send({{"type": "http.response.start", "status": 200, "headers": []}})
    await send({{"type": "http.response.body", "body": loop_name().encode()}})

async def answer(request):
    return web.Response(text=loop_name())

def make_app(arguments=()):
    made = web.Application()
    made.router.add_get("/", answer)
    return made
"""

# What stands in front of an example that is Python code.
UVICORN = """import uvicorn
if __name__ == "__main__":
    """
HYPERCORN = """import hypercorn.asyncio
from module import app
config = hypercorn.Config.from_mapping(bind="127.0.0.1:PORT")
"""
AIOHTTP = """from module import make_app, web
app = make_app()
"""


@pytest.mark.parametrize(
    ("section", "changes"),
    [
        ("uvicorn", {"module:app": "module:app --port PORT"}),
        ("gunicorn", {"module:app": "module:app --no-control-socket --bind 127.0.0.1:PORT"}),
        ("hypercorn", {"module:app": "module:app --bind 127.0.0.1:PORT"}),
        ("aiohttp", {"8080": "PORT"}),
    ],
)
def test_server_command(section, changes, start, tmp_path):
    (line,) = blocks(section, "")
    for code in blocks("gunicorn", "python"):
        (tmp_path / "workers.py").write_text(code)
    for word, other in changes.items():
        line = line.replace(word, other)
    assert answer_of(line.split(), start, tmp_path) == "phaseloop"


@pytest.mark.parametrize(
    ("section", "before", "changes"),
    [
        ("uvicorn", UVICORN, {"loop=": "port=PORT, loop="}),
        ("hypercorn", HYPERCORN, {}),
        ("aiohttp", AIOHTTP, {"loop=": "port=PORT, loop="}),
    ],
)
def test_server_code(section, before, changes, start, tmp_path):
    (code,) = blocks(section, "python")
    for word, other in changes.items():
        code = code.replace(word, other)
    (tmp_path / "program.py").write_text(IMPORTS + before + code)
    assert answer_of(["python3", "program.py"], start, tmp_path) == "phaseloop"


def answer_of(words, start, folder):
    """What the server that is started so answers; PORT stands for its port."""
    (port,) = free_ports(1)
    (folder / "module.py").write_text(MODULE)
    for path in folder.glob("*.py"):
        path.write_text(path.read_text().replace("PORT", str(port)))
    name, *rest = (word.replace("PORT", str(port)) for word in words)
    command = [sys.executable, *NOTICING, *rest] if name == "python3" else tool(name, *rest)
    server = start(command, cwd=folder, quiet=f"{LOGGED}|Stopped")
    server.wait_for(r"Running on|Uvicorn running on|\[INFO\] Application startup complete")
    connection = http.client.HTTPConnection("localhost", port, timeout=PATIENCE)
    connection.request("GET", "/")
    with connection.getresponse() as response:
        answer = response.read().decode()
    connection.close()
    server.stop()
    return answer


TESTS = f"""{IMPORTS}
import pytest_asyncio

@pytest.mark.asyncio
async def test_with_asyncio():
    assert loop_name() == "phaseloop"

@pytest.mark.anyio
async def test_with_anyio():
    assert loop_name() == "phaseloop"
"""


@pytest.mark.parametrize(
    ("number", "name"), [(0, "test_with_asyncio"), (1, "test_with_asyncio"), (2, "test_with_anyio")]
)
def test_pytest(number, name, start, tmp_path):
    (tmp_path / "conftest.py").write_text(IMPORTS + blocks("pytest", "python")[number])
    (tmp_path / "test_it.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nasyncio_default_fixture_loop_scope = function\n"
    )
    options = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", name)
    tests = start([sys.executable, *NOTICING, *options], cwd=tmp_path)
    assert tests.end() == 0, tests
    assert "1 passed" in tests.stdout, tests


def test_unittest(start, tmp_path):
    (line,) = blocks("unittest", "")
    case = """
import unittest

class Case(unittest.IsolatedAsyncioTestCase):
    async def test_loop(self):
        self.assertEqual(loop_name(), "phaseloop")
"""
    (tmp_path / "test_it.py").write_text(IMPORTS.replace("import pytest", "") + case)
    # -W options would be told of by unittest; its report is on stderr.
    report = r"\.|-+|Ran 1 test in .*|OK|"
    tests = start([sys.executable, *line.split()[1:]], cwd=tmp_path, quiet=report)
    assert tests.end() == 0, tests
    assert "Ran 1 test" in tests.stderr, tests


def test_ipython(start, tmp_path):
    (line,) = blocks("IPython", "")
    code = IMPORTS.replace("import pytest", "") + "await main()"
    home = {"IPYTHONDIR": str(tmp_path)}
    shell = start([sys.executable, *line.split()[1:], "-c", code], cwd=tmp_path, environment=home)
    assert shell.end() == 0, shell
    assert shell.stdout == "on phaseloop\n"
