"""A machine that lacks something: one sentence that says what to install, and no page of CMake."""

import re
import sys
import sysconfig

import pytest
import wheel_backend
from clean_install import make_venv, pip_install


def sentence():
    with pytest.raises(SystemExit) as stopped:
        wheel_backend.require()
    return stopped.value.code


def test_pip_without_a_compiler(tmp_path):
    done = pip_install(make_venv(sys._base_executable, tmp_path / "venv"), PATH=str(tmp_path))
    assert done.returncode != 0
    assert "phaseloop needs a C++20 compiler: install g++" in done.stdout
    assert "CMake" not in done.stdout
    assert re.search(r"\[1 lines of output\]", done.stdout), done.stdout


def test_a_compiler_that_is_named_and_not_there(monkeypatch):
    monkeypatch.setenv("CXX", "g++-1")
    assert sentence() == (
        "phaseloop needs a C++20 compiler, and $CXX names 'g++-1', which is not there: install g++"
    )


def test_a_compiler_too_old(monkeypatch, tmp_path):
    old = tmp_path / "old++"
    old.write_text("#!/bin/sh\necho no such option >&2\nexit 1\n")
    old.chmod(0o755)
    monkeypatch.setenv("CXX", str(old))
    assert sentence() == (
        f"phaseloop needs a C++20 compiler, and '{old}' is none: install g++ (version 11 or newer)"
    )


def test_no_headers(monkeypatch, tmp_path):
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path))
    assert sentence().startswith("phaseloop needs the Python headers: install python3-dev, or ")


def test_nothing_missing():
    wheel_backend.require()
