"""What is nested deeply ends in RecursionError or in its result, never in a stack overflow."""

import os
import subprocess
import sys
import textwrap

import pytest

# A depth that fits an ordinary stack, or a small one, is too much for instrumented frames.
needs_plain_frames = pytest.mark.skipif(
    "asan" in os.environ.get("LD_PRELOAD", ""),
    reason="the frames of AddressSanitizer are several times larger",
)

PRELUDE = """
import asyncio, functools, gc, sys, threading, warnings
import phaseloop
phaseloop.install()
warnings.simplefilter("ignore")
SMALL = 256 * 1024

def on_a_small_stack(function, *args):
    threading.stack_size(SMALL)
    failed = []
    def work():
        try:
            function(*args)
        except BaseException as exc:
            failed.append(exc)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]

def everywhere(function, *args):
    function(*args)
    on_a_small_stack(function, *args)

def outcome(make):
    async def main():
        return await make()
    try:
        return asyncio.run(main())
    except RecursionError:
        return "RecursionError"

async def hop(result=None):
    await asyncio.sleep(0)
    return result
"""


def run(body):
    """The program ends by itself: a crash would be a negative exit status."""
    program = PRELUDE + textwrap.dedent(body)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, (done.returncode, done.stdout[-2000:], done.stderr[-2000:])
    return done.stdout.split()


@needs_plain_frames
def test_shallow_nests_of_native_coroutines_work():
    run("""
    def nested(depth):
        coroutine = hop(depth)
        for _ in range(depth):
            coroutine = asyncio.wait_for(coroutine, None)
        return coroutine
    def check():
        for depth in 1, 10, 100, 200:
            assert outcome(functools.partial(nested, depth)) == depth
    everywhere(check)
    """)


@pytest.mark.parametrize("depth", [3_000, 60_000])
def test_deep_nests_of_native_coroutines_end_in_recursion_error_or_the_result(depth):
    run(f"""
    def nested():
        coroutine = hop(7)
        for _ in range({depth}):
            coroutine = asyncio.wait_for(coroutine, None)
        return coroutine
    def check():
        assert outcome(nested) in (7, "RecursionError")
        gc.collect()
    everywhere(check)
    """)


def test_a_recursion_without_end_is_an_error_that_can_be_caught():
    run("""
    sys.setrecursionlimit(1000)
    async def endless(n):
        return await asyncio.wait_for(endless(n + 1), None)
    def check():
        assert outcome(lambda: endless(0)) == "RecursionError"
        assert outcome(lambda: hop(3)) == 3
    check()
    """)


@needs_plain_frames
def test_throwing_into_and_closing_a_deep_nest():
    run("""
    class Own(BaseException):
        pass

    async def check_close():
        outermost = asyncio.wait_for(hop(), None)
        for _ in range(150):
            outermost = asyncio.wait_for(outermost, None)
        outermost.send(None)
        outermost.close()
        try:
            outermost.send(None)
        except RuntimeError:
            pass
        else:
            raise AssertionError

    async def check_throw():
        outermost = asyncio.wait_for(hop(), None)
        for _ in range(150):
            outermost = asyncio.wait_for(outermost, None)
        outermost.send(None)
        try:
            outermost.throw(Own())
        except Own:
            pass
        else:
            raise AssertionError

    async def check_dropped():
        outermost = asyncio.wait_for(hop(), None)
        for _ in range(150):
            outermost = asyncio.wait_for(outermost, None)
        outermost.send(None)
        del outermost

    for check in check_close, check_throw, check_dropped:
        everywhere(lambda: asyncio.run(check()))
    """)


CHAINS = {
    "coroutines never begun": """
        link = hop()
        for _ in range(N):
            link = asyncio.wait_for(link, None)
    """,
    "futures holding futures": """
        link = None
        for _ in range(N):
            future = loop.create_future()
            future.set_result(link)
            link = future
    """,
    "shields": """
        link = loop.create_future()
        for _ in range(N):
            link = asyncio.shield(link)
    """,
    "gatherings": """
        link = loop.create_future()
        for _ in range(N):
            link = asyncio.gather(link)
    """,
    "tasks that await tasks": """
        async def waits(what):
            await what
        link = loop.create_future()
        for _ in range(N // 10):
            link = asyncio.ensure_future(waits(link))
        await asyncio.sleep(0)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task._log_destroy_pending = False
        task = None
    """,
    "callbacks of futures": """
        link = loop.create_future()
        for _ in range(N):
            future = loop.create_future()
            future.add_done_callback(link.set_result)
            link = future
    """,
    "iterators of futures": """
        link = None
        for _ in range(N):
            future = loop.create_future()
            future.set_result(link)
            link = future.__await__()
    """,
    "handles": """
        link = None
        for _ in range(N):
            link = asyncio.Handle(functools.partial, (link,), loop)
        for _ in range(N):
            handle = loop.call_soon(print)
            handle.cancel()
            handle._callback = link
            link = handle
        handle = None
    """,
    "sleeps with results": """
        link = None
        for _ in range(N):
            link = asyncio.sleep(5, link)
    """,
    "waits": """
        link = loop.create_future()
        for _ in range(N):
            future = loop.create_future()
            future.set_result(asyncio.wait([link]))
            link = future
    """,
}


@pytest.mark.parametrize("chain", CHAINS)
def test_a_long_chain_is_taken_apart_without_recursion(chain):
    body = textwrap.indent(textwrap.dedent(CHAINS[chain]), " " * 8)
    run(
        """
    N = 100_000
    async def main():
        loop = asyncio.get_running_loop()
"""
        + body
        + """
        del link
        await asyncio.sleep(0)
    def check():
        loop = asyncio.new_event_loop()  # run() would cancel the tasks that are left
        loop.run_until_complete(main())
        loop.close()
        del loop
        gc.collect()
    everywhere(check)
    """
    )


def test_a_deep_tree_of_gatherings_is_cancelled_or_refuses():
    run("""
    async def main(depth):
        inner = asyncio.get_running_loop().create_future()
        link = asyncio.gather(inner)
        for _ in range(depth):
            link = asyncio.gather(link)
        try:
            link.cancel()
        except RecursionError:
            print("RecursionError")
            inner.cancel()
            await asyncio.sleep(0)
        else:
            assert inner.cancelled()
    def check():
        for depth in 100, 20_000:
            asyncio.run(main(depth))
    everywhere(check)
    """)


def test_a_long_chain_of_tasks_is_cancelled_or_refuses():
    run("""
    async def waits(what):
        await what
    async def main(depth):
        inner = link = asyncio.get_running_loop().create_future()
        for _ in range(depth):
            link = asyncio.ensure_future(waits(link))
        await asyncio.sleep(0)
        try:
            link.cancel()
        except RecursionError:
            inner.cancel()
        else:
            assert inner.cancelled()
        await asyncio.wait([link])
    def check():
        for depth in 100, 20_000:
            asyncio.run(main(depth))
    everywhere(check)
    """)


def test_the_repr_of_a_long_chain_of_tasks_ends():
    run("""
    async def waits(what):
        await what
    async def main(depth):
        inner = link = asyncio.get_running_loop().create_future()
        for _ in range(depth):
            link = asyncio.ensure_future(waits(link))
        await asyncio.sleep(0)
        try:
            assert "wait_for" in repr(link)
        except RecursionError:
            pass
        inner.cancel()
        await asyncio.wait([link])
    def check():
        for depth in 5, 5_000:
            asyncio.run(main(depth))
    check()
    on_a_small_stack(lambda: asyncio.run(main(5)))
    """)
