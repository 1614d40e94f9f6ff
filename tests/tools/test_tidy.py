"""Each check of tools/tidy.py: a bad tree is reported, a good one is not."""

import subprocess
import sys
from pathlib import Path

import pytest
import tidy

ROOT = Path(__file__).parents[2]
INCLUDE = '#include "{}"\n'


def findings(root):
    return list(tidy.check(root))


def only(root):
    """The one finding there is."""
    (finding,) = findings(root)
    return finding


# --- layering -------------------------------------------------------------------------------------

ROWS = [
    ["runtime/base"],
    ["runtime/loop", "runtime/task"],
    [f"runtime/{name}" for name in "poll sim trace net dns process signal".split()],
    ["runtime/tls"],
    ["bindings/py"],
    ["bindings/core"],
    ["bindings/objects"],
    [f"bindings/{name}" for name in "transports combinators sync streams".split()],
    ["bindings/loop"],
    ["bindings/module", "bindings/command_line"],
    ["app"],
]
PAIRS = [
    (upper, lower, above > below or upper == lower)
    for above, upper_row in enumerate(ROWS)
    for upper in upper_row
    for below, lower_row in enumerate(ROWS)
    for lower in lower_row
]


@pytest.mark.parametrize(("upper", "lower", "fine"), PAIRS)
def test_includes_point_down_the_picture(tree, upper, lower, fine):
    root = tree({f"{lower}/b.h": "", f"{upper}/a.cc": INCLUDE.format(f"{lower}/b.h")})
    if fine:
        assert findings(root) == []
    else:
        assert only(root).startswith(f"{upper}/a.cc:1: {upper} may not include {lower}")


def test_unit_tests_stay_below_the_line(tree):
    good = {"runtime/base/a.h": "", "tests/unit/a_test.cc": INCLUDE.format("runtime/base/a.h")}
    assert findings(tree(good)) == []
    bad = {"bindings/py/a.h": "", "tests/unit/a_test.cc": INCLUDE.format("bindings/py/a.h")}
    assert "unit tests need no interpreter" in only(tree(bad))


def test_a_folder_of_no_layer(tree):
    assert only(tree({"runtime/misc/a.cc": ""})).startswith("runtime/misc/a.cc:1: 'runtime/misc'")


def test_includes_are_written_from_the_root(tree):
    root = tree({"runtime/base/a.h": "", "runtime/base/a.cc": INCLUDE.format("a.h")})
    assert any("no 'a.h'" in finding for finding in findings(root))


def test_an_include_in_a_comment_is_none(tree):
    root = tree({"runtime/base/a.cc": "// " + INCLUDE.format("runtime/loop/b.h")})
    assert findings(root) == []


def test_a_header_that_nobody_includes(tree):
    assert only(tree({"runtime/base/a.h": ""})) == "runtime/base/a.h:1: header that nobody includes"


# --- sizes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["runtime/base/a.cc", "pyshim/phaseloop/a.py", "tools/a.sh"])
def test_file_length(tree, name):
    assert findings(tree({name: "\n" * 600})) == []
    assert only(tree({name: "\n" * 601})) == f"{name}:1: 601 lines, limit 600"


@pytest.mark.parametrize(
    ("name", "head", "line", "tail"),
    [
        ("runtime/base/a.cc", "namespace a {\nvoid f() {\n", "  g();\n", "}\n}\n"),
        ("bindings/core/a.cc", "struct A {\n  void f() {\n", "    g();\n", "  }\n};\n"),
    ],
)
def test_cpp_function_length(tree, name, head, line, tail):
    assert findings(tree({name: head + line * 68 + tail})) == []
    assert (
        only(tree({name: head + line * 69 + tail})) == f"{name}:2: function of 71 lines, limit 70"
    )


@pytest.mark.parametrize("name", ["tools/a.py", "tools/program"])
def test_python_function_length(tree, name):
    head = "#!/usr/bin/env python3\nclass A:\n    async def f(self):\n"
    assert findings(tree({name: head + "        pass\n" * 69})) == []
    finding = only(tree({name: head + "        pass\n" * 70}))
    assert finding == f"{name}:3: function of 71 lines, limit 70"


def test_python_that_does_not_parse(tree):
    assert only(tree({"tools/a.py": "def\n"})).startswith("tools/a.py:1:")


# --- banned calls ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "banned", "allowed"),
    [
        ("Py_INCREF(x);", "bindings/core", "bindings/py"),
        ("Py_XDECREF(x);", "bindings/objects", "bindings/py"),
        ("Py_CLEAR(x);", "bindings/module", "bindings/py"),
        ("return Py_NewRef(x);", "bindings/loop", "bindings/py"),
        ("return Py_XNewRef(x);", "app", "bindings/py"),
        ("Py_XSETREF(x, y);", "bindings/core", "bindings/py"),
        ("PyErr_Clear();", "bindings/core", "bindings/py"),
        ("#include <Python.h>", "runtime/base", "bindings/core"),
        ("#include <Python.h>", "tests/unit", "app"),
        ("#include <pybind11/pybind11.h>", "runtime/loop", "bindings/command_line"),
        ("#include <pybind11/pybind11.h>", "bindings/core", "app"),
        ("throw 1;", "bindings/loop", "bindings/command_line"),
        ("try { f(); }", "runtime/base", "app"),
        ("catch (...) {}", "bindings/py", "bindings/command_line"),
        ("std::vector<int> v;", "runtime/loop", "bindings/command_line"),
        ("auto p = std::make_unique<A>();", "bindings/core", "cli"),
        ("auto* p = new A();", "bindings/core", "app"),
    ],
)
def test_banned_where_it_is_banned_only(tree, code, banned, allowed):
    assert findings(tree({f"{allowed}/a.cc": code + "\n"})) == []
    assert only(tree({f"{banned}/b.cc": code + "\n"})).startswith(f"{banned}/b.cc:1: '")


@pytest.mark.parametrize(
    "code",
    ["auto* p = new (std::nothrow) A();", "::new (place) A;", "std::string_view s;", "renew(a);"],
)
def test_what_reports_want_of_memory_may_be_used(tree, code):
    assert findings(tree({"bindings/core/a.cc": code + "\n"})) == []


def test_what_is_banned_may_be_spoken_of(tree):
    text = '// Py_DECREF here would throw\nconst char* s = "try";\nint rethrow_it = retry();\n'
    assert findings(tree({"bindings/core/a.cc": text})) == []


# --- strays ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "FIX" "ME: later",
        "# XX" "X",
        "see /work" "/notes.txt",
        "/root" "/.cache",
        "deb.debian" ".org",
        "https://pypi" ".org/simple",
        "https://files.pythonhosted" ".org/x",
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["README.md", "tools/a.sh", ".ci/run", "runtime/base/a.cc"])
def test_strays(tree, name, text):
    assert only(tree({name: f"fine\n// {text}\n"})).startswith(f"{name}:2: '")


def test_what_only_looks_like_a_stray(tree):
    text = "TODO: a note\nmkstemp(fooXXXXXX)\n../work/x\n.dev/root/y\nhttps://example.org/pypi\n"
    assert findings(tree({"README.md": text})) == []


def test_hidden_and_made_folders_are_not_read(tree):
    stray = "FIX" "ME\n"  # fmt: skip
    assert findings(tree({".dev/a.txt": stray, "tools/__pycache__/a.txt": stray})) == []


def test_the_file_that_makes_a_worktree_is_not_read(tree):
    folder = "/" + "work/clone/.git/worktrees/other"
    assert findings(tree({".git": f"gitdir: {folder}\n"})) == []


# --- the program ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "status", "said"), [("", 0, "tidy"), ("\n" * 601, 1, "601 lines")]
)
def test_the_program(tree, text, status, said):
    root = tree({"tools/a.sh": text})
    command = [sys.executable, ROOT / "tools" / "tidy.py", root]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == status
    assert said in done.stdout
