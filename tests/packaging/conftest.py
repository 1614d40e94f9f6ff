import pytest
from clean_install import Installed, interpreter, make_venv, pip_install

VERSIONS = ("3.11.2", "3.11", "3.12", "3.13", "3.14", "3.15")


@pytest.fixture(scope="module", params=VERSIONS)
def installed(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(f"py{request.param}")
    python = make_venv(interpreter(request.param), folder / "venv")
    done = pip_install(python)
    assert done.returncode == 0, done.stdout
    return Installed(python, request.param, folder)
