"""What every Python test needs: phaseloop itself, and loops of either make."""

import asyncio
import signal

import pytest

# A shell starts background jobs with SIGINT ignored, nohup those with SIGHUP; tests need both as
# they are.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

try:
    import phaseloop
except ImportError as missing:
    raise pytest.UsageError(
        f"phaseloop can't be imported ({missing}); ./dev test builds it and sets PYTHONPATH"
    ) from None


@pytest.fixture
def loop():
    """A phaseloop loop, closed afterwards."""
    made = phaseloop.new_event_loop()
    yield made
    made.close()


@pytest.fixture(params=["stock", "native"])
def either_loop(request):
    """A loop of asyncio's own and, in another run of the test, one of phaseloop's."""
    factory = asyncio.SelectorEventLoop if request.param == "stock" else phaseloop.new_event_loop
    made = factory()
    yield made
    made.close()


@pytest.fixture(params=["stock", "native", "installed"])
def any_runtime(request):
    """A loop of asyncio's own; one of phaseloop's; one with phaseloop's names in asyncio, too."""
    if request.param == "installed":
        request.getfixturevalue("installed")
    factory = asyncio.SelectorEventLoop if request.param == "stock" else phaseloop.new_event_loop
    made = factory()
    yield made
    made.close()


@pytest.fixture
def installed():
    """phaseloop under asyncio's names for the length of a test."""
    phaseloop.install()
    yield
    phaseloop.uninstall()
