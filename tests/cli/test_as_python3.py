"""Differential: the same command line under python3 and on phaseloop, the same output and status.

What may differ is the name that the interpreter calls itself by.
"""

import compileall
import os
import re
import shutil
import sys
import zipapp

import pytest
from fronts import ENVIRONMENT, EXECUTABLE, PYTHON, requires_executable

WHERE = """
import sys
main = sys.modules["__main__"]
print(__name__, main.__dict__ is globals(), list(globals()))
for name in "__file__", "__package__", "__doc__", "__cached__", "__annotations__":
    print(name, globals().get(name, "-"))
print(type(__loader__).__name__, getattr(__loader__, "name", ""), __spec__ and __spec__.name)
print(sys.argv, sys.path[:2], len(sys.path))
"""
FAIL = """
def inner():
    raise {}

def outer():
    try:
        inner()
    except ValueError as exc:
        raise KeyError("other") from exc

outer()
"""


def own_name(text):
    """The text with one word for whatever the interpreter calls itself."""
    for name in (sys.executable, str(EXECUTABLE), "phaseloop"):
        text = re.sub(rf"(?m)^{re.escape(name)}(?=: )", "PYTHON", text)
    return re.sub(r"0x[0-9a-f]+", "0x…", text)


def same(front, *arguments, interpreter=(), **options):
    """Run both; assert that they agree; return what phaseloop's answer was."""
    wanted, found = (
        each.given(*interpreter).run(*arguments, **options) for each in (PYTHON, front)
    )
    assert own_name(found.stderr) == own_name(wanted.stderr)
    assert own_name(found.stdout) == own_name(wanted.stdout)
    assert found.returncode == wanted.returncode
    return found


@pytest.fixture
def program(folder):
    """Writes a file into the current folder, and returns its name."""

    def write(text, name="program.py"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return name

    return write


# --- what is in a file ----------------------------------------------------------------------------

WITH_NULLS = {
    "in a string": b'print("a")\nprint("b\0c")\nprint("d")\n',
    "at a line's start": b'print("a")\n\0print("d")\n',
    "in a comment": b'print("a")\n#x\0y\nprint("d")\n',
    "first": b'\0print("a")\n',
    "at a line's end": b'print("a")\0\n',
    "at the end": b"def f():\n  return 1\n\0\0\0",
}


@pytest.mark.parametrize("source", WITH_NULLS.values(), ids=WITH_NULLS)
def test_null_bytes_are_what_this_release_makes_of_them(front, folder, source):
    (folder / "program.py").write_bytes(source)
    same(front, "program.py")
    same(front, "-", input=source.decode())


def test_the_first_line_may_be_skipped(front, program):
    name = program("#!for another ( interpreter\nimport sys\nprint(sys.argv)\n1 / 0\n")
    same(front, "-x", name, "-x")


PROMPT = """
value = 6
{}
"""


@requires_executable
@pytest.mark.parametrize("end", ["", "import sys; sys.exit(3)", "1 / 0"])
@pytest.mark.parametrize(
    "typed", ["print(value * 7)", "raise SystemExit(4)", "import sys; sys.path[0]"]
)
def test_a_prompt_after_the_program(executable, program, end, typed):
    name = program(PROMPT.format(end))
    same(executable, "-i", name, input=typed + "\n")


# --- where a program finds itself -----------------------------------------------------------------


def test_script(front, program):
    same(front, program(WHERE), "a", "--strict", "-m", "--", "")


def test_script_by_other_paths(front, program, folder):
    program(WHERE, "deep/program.py")
    (folder / "link.py").symlink_to("deep/program.py")
    (folder / "nest").symlink_to("deep")
    for path in ("./deep/../deep/program.py", "link.py", "nest/program.py", folder / "link.py"):
        same(front, path)


def test_code(front):
    same(front, "-c", WHERE, "a", "-c", "--help")
    same(front, "-c", "")
    same(front, "-cprint([1, 2])")


@pytest.mark.skipif(sys.version_info < (3, 14), reason="python3 -c dedents its code from 3.14 on")
def test_indented_code(front):
    same(front, "-c", "\n    if True:\n        print('dedented')\n    print('too')\n")


def test_standard_input(front):
    same(front, "-", "a", "-", input=WHERE)
    same(front, "-", input="import sys; print(repr(sys.stdin.read()))\n")


def test_module(front, program):
    same(front, "-m", program(WHERE)[:-3], "a", "--strict")


def test_package(front, program):
    program("NAME = 'package'", "package/__init__.py")
    program(WHERE + "from . import NAME\nfrom .part import VALUE\nprint(NAME, VALUE)",
            "package/__main__.py")  # fmt: skip
    program("from . import NAME\nVALUE = NAME * 2\n" + WHERE, "package/part.py")
    same(front, "-m", "package", "a")
    same(front, "-m", "package.part", "b")
    same(front, "-mpackage.part")


def test_folder(front, program):
    program(WHERE + "import beside", "app/__main__.py")
    program("print('beside', __name__)", "app/beside.py")
    same(front, "app", "a")
    same(front, "./app/")


def test_zip_application(front, program, folder):
    program(WHERE + "import beside; 1 / 0", "app/__main__.py")
    program("print('beside', __name__)", "app/beside.py")
    zipapp.create_archive(folder / "app", folder / "app.pyz")
    found = same(front, "app.pyz", "a")
    assert "ZeroDivisionError" in found.stderr


def test_byte_code(front, program, folder):
    program(WHERE)
    compileall.compile_file("program.py", quiet=1, legacy=True)
    same(front, "program.pyc", "a")
    shutil.move("program.pyc", "bytecode")
    same(front, "bytecode")


def test_other_encodings(front, folder):
    (folder / "latin.py").write_bytes(b"# -*- coding: latin-1 -*-\nprint(ascii('\xe9'))\n")
    (folder / "bom.py").write_bytes(b"\xef\xbb\xbfprint('bom')\n")
    for name in ("latin.py", "bom.py"):
        same(front, name)


# python3 words this in another way for files than for compile(), which reads it here.
def test_source_that_is_no_text(front, folder):
    (folder / "none.py").write_bytes(b"print('\xe9')\n")
    found = front.run("none.py")
    assert found.returncode == PYTHON.run("none.py").returncode == 1
    assert "SyntaxError: " in found.stderr and "Traceback" not in found.stderr


def test_arguments_that_are_no_text(front):
    code = "import os, sys; print(os.fsencode(sys.argv[1]))"
    same(front, "-c", code, os.fsdecode(b"\xff\xe9"))


# --- options of the interpreter -------------------------------------------------------------------

FLAGS = """
import sys, warnings
print(sys.flags)
print(sys.warnoptions, sys._xoptions, sys.stdout.write_through)
print([f[:3] for f in warnings.filters])
assert False, "assertions are on"
"""


@pytest.mark.parametrize(
    "options",
    [["-O"], ["-OO"], ["-W", "error", "-Wignore::UserWarning"], ["-X", "dev"], ["-Xutf8", "-bb"],
     ["-B", "-u"], ["-P"], ["-s", "-q"]],
)  # fmt: skip
def test_interpreter_options(front, program, options):
    same(front, program(FLAGS), interpreter=options)
    same(front, "-c", WHERE, interpreter=options)


@pytest.mark.parametrize("options", [["-I"], ["-E"], ["-S"], ["-IO"]])
def test_options_without_the_environment(executable, program, options):
    same(executable, program(FLAGS), interpreter=options)
    same(executable, "-c", WHERE, interpreter=options)


def test_safe_path(front, program):
    program("import beside")
    program("", "beside.py")
    assert "No module named 'beside'" in same(front, "program.py", interpreter=["-P"]).stderr


def test_environment_variables(front, program):
    settings = {"PYTHONOPTIMIZE": "2", "PYTHONWARNINGS": "error", "PYTHONDEVMODE": "1"}
    same(front, program(FLAGS), env=ENVIRONMENT | settings)


# --- how a program ends ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "code", ["None", "0", "3", "-1", "256 + 7", "2**70", "'text'", "True", "('a', 1)"]
)
def test_exit_status(front, code):
    same(front, "-c", f"raise SystemExit({code})")


def test_exit_status_of_all_kinds(front, program):
    leave = program("import sys; sys.exit(5)")
    for arguments in ([leave], ["-m", "program"], ["-c", "import program"]):
        assert same(front, *arguments).returncode == 5
    assert same(front, "-", input="exit(6)").returncode == 6
    assert same(front, "-c", "import os; os._exit(9)").returncode == 9


@pytest.mark.parametrize("error", ["ValueError('inner')", "KeyboardInterrupt", "SystemExit(3)"])
def test_uncaught_exception(front, program, error):
    name = program(FAIL.format(error))
    same(front, name)
    same(front, "-m", "program")
    same(front, "-c", "import program")
    same(front, "-", input=FAIL.format(error))


def test_exception_groups_and_notes(front, program):
    name = program("""
try:
    raise ExceptionGroup("group", [ValueError(1), TypeError(2)])
except* ValueError as group:
    group.add_note("a note")
    raise
""")
    same(front, name)


def test_uncaught_exception_in_a_coroutine(front, program):
    name = program("""
import asyncio

async def child():
    await asyncio.sleep(0)
    raise LookupError("child")

async def main():
    await asyncio.gather(child(), child())

asyncio.run(main())
""")
    same(front, name)


def test_hooks_of_the_program(front, program):
    same(front, "-c", "import sys; sys.excepthook = lambda *a: print('hook', a[1]); 1 / 0")
    found = same(front, program("import sys\nsys.excepthook = lambda: None\n1 / 0"))
    assert "Original exception was" in found.stderr
    same(front, "-c", "import atexit; atexit.register(print, 'at exit'); raise SystemExit(4)")


@pytest.mark.parametrize("text", ["a b", "def f(:\n  pass", "x = 1\n  y", "'''", "\tx\n y"])
def test_syntax_errors(front, program, text):
    found = same(front, program(text))
    assert found.returncode == 1
    same(front, "-m", "program")
    same(front, "-", input=text)


def test_what_is_no_program(front, program, folder):
    (folder / "empty").mkdir()
    (folder / "app.pyz").write_bytes(b"no archive")
    program("", "package/__init__.py")
    for arguments, status in [
        (["nothing.py"], 2), (["empty"], 1), (["-m", "nothing"], 1), (["-m", "package"], 1),
        (["-m", "package.nothing"], 1), (["-m", "os.path.nothing"], 1), (["app.pyz"], 1),
    ]:  # fmt: skip
        assert same(front, *arguments).returncode == status


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_unreadable_script(front, program, folder):
    (folder / program("")).chmod(0)
    assert same(front, "program.py").returncode == 2


def test_deep_recursion(front, program):
    found = front.run(program("def f(): f()\nf()"))
    assert found.returncode == 1
    assert "RecursionError" in found.stderr and "phaseloop/_" not in found.stderr


def test_warnings(front, program):
    program("import warnings\ndef old(): warnings.warn('old', DeprecationWarning, 2)", "beside.py")
    same(front, program("import beside; beside.old(); assert (1, 'always')"))
