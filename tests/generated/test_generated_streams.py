"""Streams: the same script on asyncio's own and on the native ones, the same log."""

import asyncio
import os
import sys

import phaseloop
from hypothesis import given, settings, strategies as st
from stream_script import STEPS, run_script
from virtual_loop import VirtualLoop

EXAMPLES = int(os.environ.get("PHASELOOP_EXAMPLES", "1000"))

STOCK = asyncio.StreamReader, asyncio.StreamReaderProtocol, asyncio.StreamWriter
NATIVE = phaseloop.StreamReader, phaseloop.StreamReaderProtocol, phaseloop.StreamWriter


class Reader(phaseloop.StreamReader):
    """Overrides what the native methods rely on: asyncio's own run, over the native storage."""

    async def _wait_for_data(self, func_name):
        await super()._wait_for_data(func_name)


class Protocol(phaseloop.StreamReaderProtocol):
    async def _drain_helper(self):
        await super()._drain_helper()


class Writer(phaseloop.StreamWriter):
    pass


steps = st.tuples(st.sampled_from(STEPS), st.integers(0, 12), st.integers(0, 12))
scripts = st.lists(steps, min_size=1, max_size=25)


def log_of(loop, classes, debug, *script):
    loop.set_debug(debug)
    reports = []
    loop.set_exception_handler(lambda loop, context: reports.append(context["message"]))
    try:
        return loop.run_until_complete(run_script(classes, *script)), reports
    finally:
        loop.close()


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.sampled_from([1, 4, 32, 65536]), st.integers(0, 2), st.booleans(), scripts)
def test_a_script_gives_one_log(limit, kind, debug, script):
    script = debug, limit, kind, script
    wanted = log_of(VirtualLoop(), STOCK, *script)
    assert log_of(phaseloop.Loop(virtual_time=True), NATIVE, *script) == wanted
    assert log_of(VirtualLoop(), NATIVE, *script) == wanted
    assert log_of(phaseloop.Loop(virtual_time=True), (Reader, Protocol, Writer), *script) == wanted


def test_streams_are_asyncios():
    for stock, native in zip(STOCK, NATIVE, strict=True):
        assert issubclass(native, stock)
        assert (native.__name__, native.__module__) == (stock.__name__, stock.__module__)
        assert native.__doc__ == stock.__doc__


def test_data_is_given_on_as_it_came():
    async def main():
        reader = phaseloop.StreamReader(loop=asyncio.get_running_loop())
        data = b"x" * 1000
        references = sys.getrefcount(data)
        reader.feed_data(data)
        assert await reader.read(5000) is data
        assert sys.getrefcount(data) == references

    phaseloop.run(main())
