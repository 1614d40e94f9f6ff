"""Source that ended with Python 3.7, in every way in which script mode takes source."""

import pytest
from fronts import ENVIRONMENT

OLD = """\
import asyncio
async def main():
    return 5
loop = asyncio.get_event_loop()
print(loop.run_until_complete(asyncio.async(main())))
"""
WAYS = {"script": ["old.py"], "module": ["-m", "old"], "code": ["-c", OLD], "input": ["-"]}


@pytest.fixture(params=WAYS)
def way(request, folder):
    (folder / "old.py").write_text(OLD)
    return WAYS[request.param]


def test_runs(front, way):
    # Under -m the source is compiled as a module's, where python3 hides DeprecationWarnings.
    done = front.run(*way, input=OLD, env=ENVIRONMENT | {"PYTHONWARNINGS": "always"})
    assert (done.stdout, done.returncode) == ("5\n", 0)
    assert "The name `async` ended with Python 3.7" in done.stderr
    assert done.stderr.count("Today: asyncio.ensure_future") == 1


def test_is_a_syntax_error_where_the_layer_is_off(front, way):
    done = front.run("--strict", *way, input=OLD)
    assert (done.stdout, done.returncode) == ("", 1)
    assert "SyntaxError" in done.stderr


def test_tracebacks_have_no_frames_of_the_layer(front, folder):
    (folder / "fails.py").write_text(
        "import asyncio\n"
        "async def child():\n"
        "    raise LookupError('lost')\n"
        "async def main():\n"
        "    done, _ = await asyncio.wait([child()])\n"
        "    done.pop().result()\n"
        "asyncio.run(main())\n"
    )
    done = front.run("fails.py")
    assert done.returncode == 1
    assert done.stderr.rstrip().endswith("LookupError: lost")
    assert "phaseloop" not in done.stderr.partition("Traceback")[2]
