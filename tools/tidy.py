#!/usr/bin/env python3
"""Checks that no compiler makes: layering, sizes, banned calls, dead headers, strays.

tidy.py [ROOT]     prints one line for each finding and exits with 1 if there are any
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cpp_scan

# The layers of docs/ARCHITECTURE.md, lowest first. An include may point to a lower row, or stay in
# its folder; the folders of one row are siblings, which may not include each other.
LAYERS = (
    ("runtime/base", "cli"),
    ("runtime/loop", "runtime/task"),
    (
        *("runtime/poll", "runtime/sim", "runtime/trace"),
        *("runtime/net", "runtime/dns", "runtime/process", "runtime/signal"),
    ),
    ("runtime/tls",),
    ("bindings/py",),
    ("bindings/core",),
    ("bindings/objects",),
    ("bindings/routine",),
    ("bindings/transports", "bindings/combinators", "bindings/sync", "bindings/streams"),
    ("bindings/loop",),
    ("bindings/module", "bindings/command_line"),
    ("app",),
    ("benchmarks/task", "benchmarks/network"),
)
HEIGHT = {folder: height for height, row in enumerate(LAYERS) for folder in row}
FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 70


class Ban(NamedTuple):
    pattern: re.Pattern
    where: tuple[str, ...]  # the folders in which it is banned
    allowed: tuple[str, ...]  # and those of them in which it is not
    instead: str


OURS = ("runtime/", "cli/", "bindings/", "app/", "tests/unit/")
BANS = (
    Ban(
        re.compile(r"\bPy_(?:X?(?:INCREF|DECREF|NewRef|SETREF)|CLEAR|IncRef|DecRef)\b"),
        OURS,
        ("bindings/py/",),
        "py::Ref, which owns",
    ),
    Ban(
        re.compile(r"\bPyErr_Clear\b"),
        OURS,
        ("bindings/py/",),
        "what bindings/py offers: it says which error it expects",
    ),
    Ban(
        re.compile(r"^\s*#\s*include\s*[<\"](?:Python\.h|pybind11/)"),
        ("runtime/", "cli/", "tests/unit/"),
        (),
        "nothing: below the CPython line there is no Python",
    ),
    Ban(
        re.compile(r"^\s*#\s*include\s*[<\"]pybind11/"),
        ("bindings/", "app/"),
        ("bindings/command_line/", "app/"),
        "the C API through bindings/py: pybind11 is for what is cold and the main interpreter's",
    ),
    Ban(
        re.compile(r"\b(?:throw|try|catch)\b"),
        OURS,
        ("cli/", "bindings/command_line/", "app/"),
        "an error value: Result, or an empty Ref",
    ),
    Ban(
        re.compile(
            r"\bstd::(?:vector|deque|list|map|set|unordered_\w+|string(?!_view)|function|any"
            r"|make_unique|make_shared|shared_ptr)\b"
            r"|(?<!::)(?<!operator )\bnew\s+(?!\(std::nothrow\))[\w:(]"
        ),
        ("runtime/", "bindings/"),
        ("bindings/command_line/",),
        "what reports want of memory: PodVector, FdTable, new (std::nothrow)",
    ),
)
STRAYS = (
    (re.compile(r"\b(?:FIX" r"ME|XX" r"X)\b"), "mend it before it is committed"),
    (re.compile(r"(?<![\w.])/(?:work|root)" r"/"), "a path of one machine"),
    (
        re.compile(r"\b\w+\.debian" r"\.org|\bpypi" r"\.org|\bpythonhosted" r"\.org"),
        "the host of a package registry",
    ),
)
# Python that need not compile today.
OF_THEIR_TIME = ("tests/legacy/programs/", "examples/from_2016.py")
SKIPPED_FOLDERS = {"__pycache__", "build", "dist", "third_party"}  # and hidden ones
HIDDEN_BUT_OURS = {".ci"}


def check(root: Path) -> Iterator[str]:
    texts = dict(read_all(root))
    cpp = {path: text for path, text in texts.items() if path.endswith((".h", ".cc"))}
    for path, text in texts.items():
        yield from check_text(path, text)
        if is_python(path, text) and not path.startswith(OF_THEIR_TIME):
            yield from check_python(path, text)
    for path, text in cpp.items():
        yield from check_functions(path, cpp_scan.functions(text))
        yield from check_bans(path, text)
    yield from check_includes(cpp)


def read_all(root: Path, folder: str = "") -> Iterator[tuple[str, str]]:
    """Every text file of the project, by its path from the root."""
    for entry in sorted((root / folder).iterdir()):
        path = f"{folder}{entry.name}"
        if entry.is_dir():
            hidden = entry.name.startswith(".") and entry.name not in HIDDEN_BUT_OURS
            if not hidden and entry.name not in SKIPPED_FOLDERS:
                yield from read_all(root, f"{path}/")
        elif entry.is_file() and path != ".git":  # a file in a worktree beside the clone
            content = entry.read_bytes()
            if b"\0" not in content:
                yield path, content.decode(errors="replace")


def is_python(path: str, text: str) -> bool:
    return path.endswith((".py", ".pyi")) or re.match(r"#!.*\bpython", text) is not None


# --- any text -------------------------------------------------------------------------------------


def check_text(path: str, text: str) -> Iterator[str]:
    lines = text.splitlines()
    if len(lines) > FILE_LINES_MAX and not path.startswith("docs/"):
        yield f"{path}:1: {len(lines)} lines, limit {FILE_LINES_MAX}"
    for number, line in enumerate(lines, 1):
        for pattern, what in STRAYS:
            if found := pattern.search(line):
                yield f"{path}:{number}: '{found[0]}' may not stand here: {what}"


# --- functions ------------------------------------------------------------------------------------


def check_python(path: str, text: str) -> Iterator[str]:
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        yield f"{path}:{error.lineno}: {error.msg}"
        return
    found = (
        (node.lineno, (node.end_lineno or node.lineno) - node.lineno + 1)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    yield from check_functions(path, found)


def check_functions(path: str, functions: Iterator[tuple[int, int]]) -> Iterator[str]:
    for first, length in functions:
        if length > FUNCTION_LINES_MAX:
            yield f"{path}:{first}: function of {length} lines, limit {FUNCTION_LINES_MAX}"


# --- C++ ------------------------------------------------------------------------------------------


def check_bans(path: str, text: str) -> Iterator[str]:
    lines = text.splitlines()
    for number, code in enumerate(cpp_scan.code_of(text).splitlines(), 1):
        if code.lstrip().startswith("#"):
            code = lines[number - 1]  # what an include names looks like a string
        for ban in BANS:
            banned = path.startswith(ban.where) and not path.startswith(ban.allowed)
            if banned and (found := ban.pattern.search(code)):
                yield f"{path}:{number}: '{found[0].strip()}' is banned here; use {ban.instead}"


def check_includes(files: dict[str, str]) -> Iterator[str]:
    included = set()
    for path, text in files.items():
        if folder_of(path) not in HEIGHT and not path.startswith(("tests/", "examples/")):
            yield f"{path}:1: '{folder_of(path)}' is no layer: tools/tidy.py lists them"
        for number, target in includes(text):
            included.add(target)
            if target not in files:
                yield f"{path}:{number}: no '{target}'; includes are written from the root"
            elif problem := forbidden(path, target):
                yield f"{path}:{number}: {problem}"
    for path in files:
        if path.endswith(".h") and path not in included:
            yield f"{path}:1: header that nobody includes"


def includes(text: str) -> Iterator[tuple[int, str]]:
    lines = text.splitlines()
    for number, code in enumerate(cpp_scan.code_of(text).splitlines(), 1):
        found = re.match(r'\s*#\s*include\s*"([^"]+)"', lines[number - 1])
        if found and code.lstrip().startswith("#"):
            yield number, found[1]


def forbidden(path: str, target: str) -> str | None:
    upper, lower = folder_of(path), folder_of(target)
    if path.startswith("tests/"):
        if target.startswith(("tests/", "runtime/", "cli/")):
            return None
        return f"unit tests need no interpreter: they may not include {lower}"
    if upper == lower or lower not in HEIGHT or upper not in HEIGHT:
        return None
    if HEIGHT[lower] < HEIGHT[upper]:
        return None
    direction = "sideways" if HEIGHT[lower] == HEIGHT[upper] else "upward"
    return f"{upper} may not include {lower}: that points {direction}"


def folder_of(path: str) -> str:
    """The layer's folder that a file lies in: its first two, or one that is a layer by itself."""
    parts = path.split("/")[:-1]
    return "/".join(parts[: 1 if parts[:1] in (["app"], ["cli"]) else 2])


def main() -> int:
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent)
    findings = list(check(root))
    print("\n".join(findings) or "tidy")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
