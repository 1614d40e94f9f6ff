"""The executable where users put it: beside or in environments, behind links, without streams."""

import os
import shlex
import shutil
import subprocess
import sys

import pytest
from fronts import ENVIRONMENT, EXECUTABLE, Front

WHERE = """
import asyncio, sys, os
print([sys.prefix, sys.base_prefix, sys.exec_prefix, os.__file__, asyncio.__file__, sys.version])
print(sys.path)
"""
PACKAGE = EXECUTABLE.parents[1] / "lib" / "phaseloop" / "phaseloop"
OWN = "import sys, phaseloop; print(sys.executable, sys.orig_argv, phaseloop.__file__, sep='\\n')"


@pytest.fixture(autouse=True)
def there_is_one(executable):
    pass


@pytest.fixture
def environment(folder):
    """A virtual environment with a package of its own; its folder."""
    made = folder / "venv"
    create = [sys._base_executable, "-m", "venv", "--without-pip", made]
    subprocess.run(create, check=True, env=outside())
    packages = made / "lib" / "python{}.{}".format(*sys.version_info) / "site-packages"
    (packages / "only_here.py").write_text("print('from the environment')")
    return made


def outside(**changes):
    """The user's environment with no virtual environment active, and nothing said to Python."""
    kept = {key: value for key, value in ENVIRONMENT.items() if not key.startswith("PYTHON")}
    venv = os.path.dirname(sys.executable)
    folders = [each for each in kept["PATH"].split(os.pathsep) if each != venv]
    return kept | {"PATH": os.pathsep.join(folders)} | changes


def active(environment):
    """The user's environment once that virtual environment is active."""
    path = os.pathsep.join([str(environment / "bin"), outside()["PATH"]])
    return outside(PATH=path, VIRTUAL_ENV=str(environment))


def same_place(command, python, env):
    wanted = Front(python).out("-c", WHERE, env=env)
    assert Front(*command).out("-c", WHERE, env=env) == wanted


def test_no_environment():
    same_place([EXECUTABLE], sys._base_executable, outside())


def test_active_environment(environment):
    env = active(environment)
    same_place([EXECUTABLE], environment / "bin" / "python3", env)
    assert Front(EXECUTABLE).out("-m", "only_here", env=env) == "from the environment\n"


def test_in_an_environment(environment):
    link = environment / "bin" / "phaseloop"
    link.symlink_to(EXECUTABLE)
    same_place([link], environment / "bin" / "python3", outside())
    assert Front(link).out("-m", "only_here", env=outside()) == "from the environment\n"
    # found by name, as after activation
    assert Front("phaseloop").out("-m", "only_here", env=active(environment)) != ""


def test_environment_of_another_version(environment):
    settings = environment / "pyvenv.cfg"
    settings.write_text(settings.read_text().replace("version = 3.", "version = 2."))
    same_place([EXECUTABLE], sys._base_executable, active(environment))


def test_links_and_other_folders(folder):
    (folder / "link").symlink_to(EXECUTABLE)
    (folder / "deep").mkdir()
    (folder / "deep" / "link").symlink_to("../link")
    (folder / "linked").symlink_to(EXECUTABLE.parent)
    relative = os.path.relpath(EXECUTABLE, folder)
    for path in ("./link", "deep/link", folder / "deep" / "link", "linked/phaseloop", relative):
        same_place([path], sys._base_executable, outside())
    elsewhere = Front(folder / "link").out("-c", WHERE, env=outside(), cwd="/")
    assert elsewhere == Front(sys._base_executable).out("-c", WHERE, env=outside(), cwd="/")


def test_what_it_calls_itself(folder):
    said = Front(EXECUTABLE).out("-c", OWN, "a").splitlines()
    assert said == [
        str(EXECUTABLE),
        str([str(EXECUTABLE), "-c", OWN, "a"]),
        f"{PACKAGE}/__init__.py",
    ]
    (folder / "link").symlink_to(EXECUTABLE)
    assert Front("./link").out("-c", OWN).splitlines()[0] == f"{folder}/./link"


def test_its_own_package_comes_first(folder):
    (folder / "phaseloop").mkdir()
    (folder / "phaseloop" / "__init__.py").write_text("raise ImportError('another phaseloop')")
    env = outside(PYTHONPATH=str(folder))
    assert Front(EXECUTABLE).out("-c", OWN, env=env).splitlines()[2] == f"{PACKAGE}/__init__.py"


def test_pythonhome_is_honoured(folder):
    done = Front(EXECUTABLE).run("-c", "pass", env=outside(PYTHONHOME=str(folder)))
    assert done.returncode == 1
    assert "phaseloop: Python cannot start: " in done.stderr
    home = outside(PYTHONHOME=sys.base_prefix)
    same_place([EXECUTABLE], sys._base_executable, home)


def test_without_its_package(folder):
    """What is left when someone copies the library away from what belongs to it."""
    for part in ("bin/phaseloop", "lib/libphaseloop.so.0.1"):
        (folder / part).parent.mkdir()
        shutil.copy(EXECUTABLE.parents[1] / part, folder / part)
    done = Front(folder / "bin" / "phaseloop").run("-c", "pass", env=outside())
    assert done.returncode == 1
    assert done.stderr.startswith(f"phaseloop: the package in {folder}/lib/phaseloop cannot be")


def test_library_of_another_python(folder):
    source = folder / "other.cc"
    source.write_text("""
extern "C" {
extern const unsigned long Py_Version;
const unsigned long Py_Version = 0x030900f0;
const char* Py_GetVersion() { return "3.9.0 (main)"; }
}
""")
    compiler = [os.environ.get("CXX", "g++"), "-shared", "-fPIC", "-o", "other.so", source]
    subprocess.run(compiler, check=True)
    preload = [*os.environ.get("LD_PRELOAD", "").split(), str(folder / "other.so")]
    done = Front(EXECUTABLE).run("-c", "pass", env=outside(LD_PRELOAD=" ".join(preload)))
    assert (done.returncode, done.stdout) == (1, "")
    version = "{}.{}.{}".format(*sys.version_info)
    assert done.stderr.startswith(f"phaseloop: this is built for Python {version}")
    assert done.stderr.endswith(f", and {folder}/other.so is Python 3.9.0\n")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("ending", ["", "1 / 0", "raise SystemExit('text')"])
def test_closed_streams(folder, closed, ending):
    code = f"""
import asyncio, os, sys
streams = [stream is None for stream in (sys.stdin, sys.stdout, sys.stderr)]
with open(os.environ["RESULT"], "w") as result:
    print(streams, type(asyncio.new_event_loop().time()), file=result)
{ending}
"""
    results = []
    for command in (
        (sys.executable, "-c"),
        (EXECUTABLE, "-c"),
        (sys.executable, "-mphaseloop", "-c"),
    ):
        done = subprocess.run(
            ["bash", "-c", f"{shlex.join([*map(str, command), code])} {closed}"],
            capture_output=True,
            text=True,
            env=ENVIRONMENT | {"RESULT": "result"},
        )
        results.append((done.returncode, done.stdout, done.stderr, (folder / "result").read_text()))
    assert results[1] == results[2] == results[0]


def test_closed_standard_input_is_an_empty_program(front):
    command = shlex.join([*front.command, "-"])
    assert subprocess.run(["bash", "-c", f"{command} <&-"], env=ENVIRONMENT).returncode == 0
