"""compile_source(): `async` as a name, without a trace in what the program sees of itself."""

import importlib
import sys
import warnings

import pytest
from phaseloop import legacy

KEYWORDS = """\
import asyncio
async def f(lock):
    async with lock:
        return [x async for x in y], (x async for x in y)
"""
NAMES = [
    "asyncio.async(x)",
    "asyncio . async (x)",
    "from asyncio import async",
    "from asyncio import (async, sleep)",
    "from asyncio import async as spawn",
    "async(x)",
    "async = asyncio.async",
    "f(1, async=True)",
    "f(**{'async': 1}, async=async)",
    "def f(async, *, b=async): return async",
    "lambda async: async",
    "class async: async = 1",
    "x = [async for y in z if async]",
    "a.async.async(async)",
    "del async",
    "global async",
    "if async: pass",
    "π = 'ö'; f(async=π, b=asyncio.async(ñ), c=d); g(1 / 0)",
    "if x:\n\tasyncio.async(\n\t\ty, # async\n\t\tasync)\n",
    KEYWORDS + "asyncio.async(f(asyncio.Lock()))",
]


def compiled(source):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return legacy.compile_source(source, "old.py")


def shape(code):
    """What a code object consists of, constants within constants included."""
    constants = [shape(c) if hasattr(c, "co_code") else c for c in code.co_consts]
    names = code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars, code.co_name
    return code.co_code, names, list(code.co_positions()), constants


@pytest.mark.parametrize("source", NAMES)
@pytest.mark.parametrize("kind", [str, str.encode], ids=["str", "bytes"])
def test_compiles_as_if_it_were_any_other_name(source, kind):
    code = compiled(kind(source))
    other = compile(with_other_name(source), "old.py", "exec")
    assert repr(shape(code)) == repr(shape(other)).replace("other", "async")


def with_other_name(source):
    """`other` for `async` wherever that is no keyword."""
    for keyword in ("async def", "async with", "async for"):
        source = source.replace(keyword, keyword.upper())
    source = source.replace("[ASYNC FOR y", "[async for y").replace("async", "other")
    for keyword in ("async def", "async with", "async for"):
        source = source.replace(keyword.upper(), keyword)
    return source


def test_source_of_today_is_compiled_as_it_is(monkeypatch):
    monkeypatch.setattr(legacy._source, "_compile_rewritten", None)  # not to be called
    code = legacy.compile_source(KEYWORDS, "new.py")
    assert shape(code) == shape(compile(KEYWORDS, "new.py", "exec"))
    assert legacy.compile_source(b"# coding: latin-1\nx = '\xe9'", "new.py").co_consts[0] == "é"


def test_future_statements_of_this_module_are_not_the_programs():
    code = compiled("from __future__ import annotations\nasync = 1")
    assert code.co_flags & importlib.import_module("__future__").annotations.compiler_flag
    assert not compiled("async = 1").co_flags & 0x1000000


@pytest.mark.parametrize(
    "source, line, text",
    [
        ("async foo()\n", 1, "async foo()\n"),
        ("x = asyncio.async(1)\ny = = 3\n", 2, "y = = 3\n"),
        ("asyncio.async(x)\nasyncio.async(y))\n", 2, "asyncio.async(y))\n"),
        ("def f(:\n    asyncio.async()\n", 1, "def f(:\n"),
        ("asyncio.async('''\n", 1, None),
        ("asyncio.async(\n", 1, None),
        ("f'{asyncio.async(x)}'\ny = (\n", None, None),
    ],
)
def test_errors_are_about_the_source_as_written(source, line, text):
    with pytest.raises(SyntaxError) as caught:
        legacy.compile_source(source, "old.py")
    assert caught.value.filename == "old.py"
    assert line in (None, caught.value.lineno)
    assert text is None or text.strip() == caught.value.text.strip()
    assert "ª" not in str(caught.value) + (caught.value.text or "")
    assert caught.value.__traceback__.tb_next is None  # no frame but this one


@pytest.mark.parametrize(
    "source",
    [b"# coding: nonsense\nasyncio.async(x)", b"\xff\xfe", b"asyncio.async(x)\0", "a.async\0"],
)
def test_errors_of_what_is_no_text_are_pythons_own(source):
    with pytest.raises((SyntaxError, ValueError)) as expected:
        compile(source, "old.py", "exec")
    with pytest.raises(type(expected.value)) as caught:
        legacy.compile_source(source, "old.py")
    assert str(caught.value) == str(expected.value)


def test_each_line_is_warned_about_once():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        legacy.compile_source("x = 1\nf(async=async)\nasyncio.async(x)\n", "old.py", module="m")
    assert [(w.filename, w.lineno, w.category) for w in caught] == [
        ("old.py", 2, DeprecationWarning),
        ("old.py", 3, DeprecationWarning),
    ]
    assert "asyncio.ensure_future(…)" in str(caught[0].message)


def test_warnings_are_filtered_by_the_module_s_name():
    with warnings.catch_warnings():
        warnings.filterwarnings("error", category=DeprecationWarning, module="^strict$")
        warnings.filterwarnings("ignore", category=DeprecationWarning, module="^lax$")
        legacy.compile_source("async = 1", "old.py", module="lax")
        with pytest.raises(DeprecationWarning):
            legacy.compile_source("async = 1", "old.py", module="strict")


# --- modules --------------------------------------------------------------------------------------


@pytest.fixture
def old_module(tmp_path, monkeypatch):
    (tmp_path / "old_thing.py").write_text(
        "import asyncio\ndef start(x): return asyncio.async(x)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    yield tmp_path
    sys.modules.pop("old_thing", None)


def test_modules_are_imported_while_the_layer_is_on(old_module, old_loop):
    async def work():
        return 7

    with pytest.warns(DeprecationWarning, match="asyncio.async") as caught:
        thing = importlib.import_module("old_thing")
    assert (caught[0].filename, caught[0].lineno) == (str(old_module / "old_thing.py"), 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # that was it
        assert old_loop.run_until_complete(thing.start(work())) == 7


@pytest.mark.parametrize("source", ["a b", "asyncio.async(x)\na b", "async a", "x = '\0'"])
def test_errors_in_them_have_the_frames_that_python_gives_them(old_module, old, source):
    (old_module / "old_thing.py").write_text(source)

    def frames():
        with pytest.raises((SyntaxError, ValueError)) as caught:
            importlib.import_module("old_thing")
        return type(caught.value), [entry.path for entry in caught.traceback][1:]

    found = frames()
    legacy.disable()
    assert found == frames()


def test_nothing_of_them_is_cached(old_module):
    legacy.enable()
    try:
        with pytest.warns(DeprecationWarning):
            importlib.import_module("old_thing")
    finally:
        legacy.disable()
    del sys.modules["old_thing"]
    importlib.invalidate_caches()
    assert not list(old_module.glob("__pycache__/old_thing*"))
    with pytest.raises(SyntaxError):
        importlib.import_module("old_thing")
