"""enable() and disable(): on for the whole process, off without a trace."""

import asyncio
import asyncio.locks
import asyncio.queues
import importlib
import importlib.machinery
import inspect
import subprocess
import sys
import types

import phaseloop
import pytest
from phaseloop import legacy

CHANGED_CLASSES = (
    asyncio.BaseEventLoop,
    asyncio.locks._ContextManagerMixin,
    importlib.machinery.SourceFileLoader,
    *(getattr(asyncio, name) for name in ("Lock", "Event", "Condition", "Semaphore", "Queue")),
    *(getattr(phaseloop, name) for name in ("Lock", "Event", "Condition", "Semaphore", "Queue")),
    asyncio.BoundedSemaphore,
    phaseloop.Task,
    phaseloop.BoundedSemaphore,
)


def everything():
    """Every attribute of asyncio's modules and of the classes that the layer changes."""
    events = asyncio.events
    policy = getattr(events, "_BaseDefaultEventLoopPolicy", None) or getattr(
        events, "BaseDefaultEventLoopPolicy", None
    )
    owners = [
        *(m for name, m in sorted(sys.modules.items()) if name.partition(".")[0] == "asyncio"),
        *CHANGED_CLASSES,
        policy,
        policy._Local,
    ]
    return {
        (owner.__name__, id(owner), name): value
        for owner in owners
        for name, value in vars(owner).items()
    }


def differences(before, after):
    return {key for key in before.keys() | after.keys() if before.get(key) is not after.get(key)}


def test_everything_is_restored(names):
    asyncio.events._get_running_loop()
    before = everything()
    legacy.enable()
    assert legacy.is_enabled()
    assert len(differences(before, everything())) > 40
    legacy.disable()
    assert not legacy.is_enabled()
    assert differences(before, everything()) == set()


def test_what_was_imported_meanwhile_is_gone(old, recwarn):
    compat = importlib.import_module("asyncio.compat")
    assert compat.PY35 and asyncio.compat is compat
    legacy.disable()
    assert not hasattr(asyncio, "compat") and "asyncio.compat" not in sys.modules
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("asyncio.compat")


def test_a_second_call_does_nothing(names):
    before = everything()
    legacy.enable()
    on = everything()
    legacy.enable()
    assert differences(on, everything()) == set()
    legacy.disable()
    legacy.disable()
    assert differences(before, everything()) == set()


def test_it_stays_on_when_native_names_come_and_go():
    before = everything()
    legacy.enable()
    try:
        phaseloop.install()
        assert legacy.is_enabled() and asyncio.Task is phaseloop.Task
        assert asyncio.Task.all_tasks
        phaseloop.uninstall()
        assert legacy.is_enabled() and not issubclass(asyncio.Task, phaseloop.Task)
        assert asyncio.Task.all_tasks and not hasattr(phaseloop.Task, "all_tasks")
        phaseloop.install()
        legacy.disable()
        assert asyncio.Task is phaseloop.Task and not hasattr(asyncio.Task, "all_tasks")
        phaseloop.uninstall()
    finally:
        phaseloop.uninstall()
        legacy.disable()
    # install() makes the default policy; what it replaced is back.
    left = {name for _, _, name in differences(before, everything())}
    assert left <= {"_event_loop_policy"}


def test_a_part_that_fails_leaves_nothing_behind(monkeypatch):
    before = everything()

    def fail(undo):
        raise MemoryError

    monkeypatch.setattr(legacy._source, "put_all", fail)
    with pytest.raises(MemoryError):
        legacy.enable()
    assert not legacy.is_enabled()
    assert differences(before, everything()) == set()


def test_importing_it_changes_nothing():
    code = """if True:
        import asyncio, sys
        before = {n: dict(vars(m)) for n, m in sys.modules.items() if n.startswith('asyncio')}
        import phaseloop.legacy
        after = {n: dict(vars(m)) for n, m in sys.modules.items() if n in before}
        print(before == after, phaseloop.legacy.is_enabled(), hasattr(asyncio, 'async'))
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False", "False"]


def test_what_was_made_goes_on_working(old_loop, recwarn):
    @asyncio.coroutine
    def decorated():
        yield from asyncio.sleep(0)
        return "decorated"

    lock = asyncio.Lock(loop=old_loop)
    legacy.disable()

    async def main():
        async with lock:
            return await decorated()

    assert old_loop.run_until_complete(main()) == "decorated"


# --- programs of today ----------------------------------------------------------------------------


def plain():
    yield


def test_functions_look_as_they_do_without_it(names):
    def looks():
        return [
            (
                name,
                inspect.signature(getattr(asyncio, name)),
                inspect.iscoroutinefunction(getattr(asyncio, name)),
                getattr(asyncio, name).__doc__,
                getattr(asyncio, name).__module__,
                isinstance(getattr(asyncio, name), types.FunctionType),
            )
            for name in ("sleep", "gather", "shield", "wait", "wait_for", "open_connection")
        ]

    before = looks()
    legacy.enable()
    try:
        assert looks() == before
    finally:
        legacy.disable()


@pytest.mark.parametrize("names", ["native"], indirect=True)
def test_plain_calls_stay_native(old):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(legacy._functions, "_take_loop", lambda *_: pytest.fail("not native"))

        async def main():
            tasks = [asyncio.ensure_future(asyncio.sleep(0, n)) for n in range(3)]
            for made, kind in (
                (asyncio.sleep(0), "_Sleep"),
                (asyncio.wait(tasks), "_Wait"),
                (asyncio.wait(set(tasks)), "_Wait"),
            ):
                assert type(made).__name__ == kind
                await made
            await asyncio.wait_for(asyncio.sleep(0), 1)
            lock = asyncio.Lock()
            async with lock:
                assert asyncio.Event().is_set() is False
            return await asyncio.gather(*tasks)

        with asyncio.Runner() as runner:
            assert runner.run(main()) == [0, 1, 2]


def test_what_today_tells_apart_stays_apart(names):
    async def main():
        tasks = [asyncio.ensure_future(asyncio.sleep(0, n)) for n in range(3)]
        try:
            done, _ = await asyncio.wait(task for task in tasks)
            waited = len(done)
        except TypeError as error:
            waited = str(error)
        try:
            completed = sorted([await f for f in asyncio.as_completed(t for t in tasks)])
        except TypeError as error:
            completed = str(error)
        await asyncio.gather(*tasks)
        return waited, completed, asyncio.iscoroutine(plain()), asyncio.iscoroutine(1)

    with asyncio.Runner() as runner:
        before = runner.run(main())
    legacy.enable()
    try:
        with asyncio.Runner() as runner:
            assert runner.run(main()) == before
    finally:
        legacy.disable()


@pytest.mark.parametrize(
    "call",
    [
        "asyncio.sleep()",
        "asyncio.sleep(0, 1, 2)",
        "asyncio.sleep(0, lop=1)",
        "asyncio.wait()",
        "asyncio.wait([], 1)",
        "asyncio.wait_for(None)",
        "asyncio.gather(nothing=1)",
        "asyncio.shield()",
        "asyncio.shield(1, 2)",
        "asyncio.Lock(1)",
        "asyncio.Lock(lop=1)",
        "asyncio.Queue(1, 2)",
        "asyncio.Task()",
        "asyncio.no_such_name",
        "asyncio.futures.no_such_name",
    ],
)
def test_errors_are_the_running_cpythons(names, call):
    def error():
        with pytest.raises((TypeError, AttributeError)) as caught:
            eval(call, {"asyncio": asyncio})
        return type(caught.value), str(caught.value)

    async def main():
        return error()

    with asyncio.Runner() as runner:
        before = runner.run(main())
    legacy.enable()
    try:
        with asyncio.Runner() as runner:
            assert runner.run(main()) == before
    finally:
        legacy.disable()
