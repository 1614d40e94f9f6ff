"""Subinterpreters with loops of their own: each is let go whole, alone and beside others; and where
asyncio itself can't have them, the import says so instead of waiting forever.
"""

import subprocess
import sys

import pytest

PROGRAM = """
import asyncio, phaseloop

async def serve(reader, writer):
    writer.write(await reader.readline())
    writer.close()

async def talk():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(b"hello\\\\n")
    assert await reader.read() == b"hello\\\\n"
    writer.close()
    server.close()

async def main():
    queue, lock = asyncio.Queue(), asyncio.Lock()
    async with lock, asyncio.TaskGroup() as group:
        group.create_task(queue.get())
        queue.put_nowait(1)
        await asyncio.gather(*(asyncio.sleep(0.001 * i) for i in range(20)), talk())
    try:
        await asyncio.wait_for(queue.get(), 0.001)
    except TimeoutError:
        pass
    left.extend([asyncio.get_running_loop(), queue, asyncio.ensure_future(asyncio.sleep(100))])

left = []
if INSTALLED:
    phaseloop.install()
    asyncio.run(main())
else:
    phaseloop.run(main())
"""
HOST = f"""
import sys, threading
try:
    import _interpreters
except ImportError:
    import _xxsubinterpreters as _interpreters
PROGRAM = '''{PROGRAM}'''

def resident():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * 4  # KiB

failures = []
def run(times):
    for i in range(times):
        interpreter = _interpreters.create()
        try:
            failure = _interpreters.run_string(
                interpreter, PROGRAM.replace("INSTALLED", str(i % 2 == 0)))
            if failure is not None:
                failures.append(failure)
        except Exception as exc:
            failures.append(exc)
        _interpreters.destroy(interpreter)
"""


def host(code):
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", HOST + code],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


# Before 3.12 asyncio shares its state among interpreters; 3.12 itself aborts at its end once some
# of them have imported asyncio.
needs_apart = pytest.mark.skipif(
    sys.version_info < (3, 13), reason="CPython's own subinterpreters are sound from 3.13 on"
)


@pytest.mark.skipif(
    sys.version_info < (3, 14),
    reason="until 3.13 CPython keeps the heap of every interpreter that has imported asyncio",
)
def test_an_interpreter_that_has_ended_leaves_nothing():
    """One leaves 7 MB if anything that it has made is kept."""
    done = host("""
run(8)
before = resident()
run(16)
print(failures, (resident() - before) // 16)
""")
    failures, each = done.stdout.rsplit(" ", 1)
    assert failures == "[]", done
    assert int(each) < 500, done


@needs_apart
def test_interpreters_of_several_threads():
    done = host("""
threads = [threading.Thread(target=run, args=(6,)) for _ in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(failures)
""")
    assert (done.stdout, done.returncode) == ("[]\n", 0), done


@pytest.mark.skipif(
    sys.version_info >= (3, 12), reason="from 3.12 on phaseloop runs in subinterpreters"
)
def test_the_import_says_what_it_needs():
    done = host("""
run(2)
print(*failures, sep="\\n")
""")
    assert done.stdout.count("phaseloop runs in subinterpreters from Python 3.12 on") == 2, done
    assert done.returncode == 0
