"""The legacy layer, on for the length of a test."""

import asyncio

import phaseloop
import pytest
from phaseloop import legacy


@pytest.fixture(params=["stock", "native"])
def names(request):
    """asyncio's own names and, in another run of the test, the native ones; loops to match."""
    if request.param == "native":
        phaseloop.install()
    yield request.param
    phaseloop.uninstall()


@pytest.fixture
def old(names):
    """The layer over those names; a thread that had no loop has none afterwards."""
    legacy.enable()
    yield names
    legacy.disable()


@pytest.fixture
def old_loop(old):
    """A loop, made the current one."""
    made = asyncio.new_event_loop()
    asyncio.set_event_loop(made)
    yield made
    asyncio.set_event_loop(None)
    made.close()
