"""Command lines as a user types them, under each way to start a program on phaseloop."""

import pytest
from fronts import EXECUTABLE, MODULE, Front, requires_executable


@pytest.fixture(params=["module", pytest.param("executable", marks=requires_executable)])
def front(request):
    """python3 -m phaseloop and, in another run of the test, the executable."""
    return MODULE if request.param == "module" else Front(EXECUTABLE)


@pytest.fixture
def executable():
    """The executable, in its build."""
    if not EXECUTABLE.exists():
        pytest.skip(requires_executable.kwargs["reason"])
    return Front(EXECUTABLE)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder, and the current one for the length of a test."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
